"""MiniStack, mended in what the tests of publishing see: run by stand_in.py in place of `python -m ministack`.

It reaches into the version that requirements.txt pins. Each mend says what AWS does, and can go when MiniStack does it.
"""
from contextvars import ContextVar

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudfront, s3
from ministack.services.cloudformation import changesets, engine, handlers, stacks

serve_origin = s3.serve_cloudfront_origin_fetch
resource_of = iam_actions.extract_resource_arn
pin_origin = app.pin_request_origin
update_function = cloudfront._cf_update_function
conditions_of = engine._evaluate_conditions
enforce = iam_evaluator.enforce
refusal_of = iam_actions.access_denied_response
fetch_from_function = cloudfront._fetch_from_function_url_origin


def serve_origin_mended(bucket, key, method, headers, source_arn="", oai_id=""):
    """A key that is not there is 404 to a distribution that may list the bucket; MiniStack says 403 to all of them."""
    # (What is TLS is only looked at where AUTH is on, and a policy that wants it holds in any case.)
    pin_origin_mended("127.0.0.1", True)
    answer = serve_origin(bucket, key, method, headers, source_arn, oai_id)
    if answer[0] == 403 and key not in s3._ensure_bucket(bucket)["objects"] and may_list(bucket, source_arn):
        return s3._error("NoSuchKey", "The specified key does not exist.", 404, f"/{bucket}/{key}")
    return answer


def may_list(bucket, source_arn):
    policy = s3._bucket_policies.get_scoped(s3._bucket_owner_account(bucket) or get_account_id(), None, bucket)
    if not policy or not source_arn:
        return False
    asked = EvalContext(
        principal_arn="*", principal_type="Service", principal_account="", action="s3:ListBucket",
        resource_arn=f"arn:aws:s3:::{bucket}", region="", secure_transport=True, service_context={"aws:sourcearn": source_arn},
    )
    return evaluate_resource_policy(policy, asked, service="cloudfront.amazonaws.com").decision == "Allow"


def resource_of_mended(service, method, path, headers, body, query_params, region, account_id):
    """A call about a function is held to the function's name; MiniStack holds it to `*`, which policies with a name do not allow."""
    parts = path.strip("/").split("/")
    if service == "cloudfront" and len(parts) > 2 and parts[1] == "function":
        return f"arn:aws:cloudfront::{account_id}:function/{parts[2]}"
    return resource_of(service, method, path, headers, body, query_params, region, account_id)


def pin_origin_mended(address, _secure):
    """Clients are taken to come over TLS, as they do to AWS: the bucket's policy refuses all others."""
    pin_origin(address, True)


def update_function_mended(name, headers, body):
    """The new ETag is in the header `ETtag` (sic), where the SDKs look for it; MiniStack says `ETag`."""
    status, answered, text = update_function(name, headers, body)
    return status, answered | ({"ETtag": answered["ETag"]} if "ETag" in answered else {}), text


def conditions_mended(template, parameters):
    """`AWS::Region` and its like have their value in a template's Conditions; in MiniStack they are their own name."""
    pseudo = {"AWS::Region": get_region(), "AWS::AccountId": get_account_id(), "AWS::Partition": "aws"}
    return conditions_of(template, parameters | {name: {"Value": value} for name, value in pseudo.items()})


wanting = ContextVar("wanting", default=None)
"""The permission that a request is refused for, where it is another than that of its call."""


def enforce_mended(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    """Whoever may get an object and not list the bucket is answered 403 where there is none; MiniStack says 404."""
    denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
    wanting.set(None)
    bucket, _, key = resource_arn.rpartition(":")[2].partition("/")
    if denied is None and iam_action == "s3:GetObject" and key and key not in s3._ensure_bucket(bucket)["objects"]:
        denied = enforce(access_key_id, "s3:ListBucket", service, region, f"arn:aws:s3:::{bucket}", service_context)
        wanting.set(denied and "s3:ListBucket")
    return denied


def refusal_mended(service, action, principal_arn, request_id, **more):
    """What is said then names the permission to list."""
    return refusal_of(service, wanting.get() or action, principal_arn, request_id, **more)


async def fetch_from_function_mended(host, origin, method, uri, query_string, headers, body, viewer_is_https, client_ip, viewer_xff):
    """CloudFront tells the viewer's address, whatever the viewer says itself; MiniStack does not."""
    headers = {name: value for name, value in headers.items() if name.lower() != "cloudfront-viewer-address"} | {"CloudFront-Viewer-Address": f"{client_ip}:40000"}
    return await fetch_from_function(host, origin, method, uri, query_string, headers, body, viewer_is_https, client_ip, viewer_xff)


iam_evaluator.enforce = enforce_mended
iam_actions.access_denied_response = refusal_mended
s3.serve_cloudfront_origin_fetch = serve_origin_mended
cloudfront._fetch_from_function_url_origin = fetch_from_function_mended
iam_actions.extract_resource_arn = resource_of_mended
app.pin_request_origin = pin_origin_mended
cloudfront._cf_update_function = update_function_mended
for module in (engine, handlers, changesets, stacks):
    module._evaluate_conditions = conditions_mended

if __name__ == "__main__":
    app.main()
