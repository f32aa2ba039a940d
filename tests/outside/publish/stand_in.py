"""MiniStack in place of AWS: S3, CloudFront with its functions, CloudFormation and IAM, on a free port of this machine.

    with StandIn() as aws:
        bucket = aws.make_bucket("site")
        site = aws.make_distribution(bucket, "edge", code)
        aws.client("s3").put_object(Bucket=bucket, Key="v1/a.json", Body=b"{}")
        print(aws.fetch(site.domain, "/v1/a.json").status)

`with StandIn(auth=True)` checks signatures and policies. Beside what requirements.txt pins it needs Node, in which
MiniStack runs the functions. No cache stands between
viewer and bucket, so what is not invalidated is seen all the same. mended.py says where MiniStack is mended.
"""
import base64
import collections
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

import boto3
import botocore.config
import botocore.exceptions

REGION = "us-east-1"
# The root of the account. MiniStack never looks at root's signatures: what tests signatures or the clock takes a user or a role.
ACCESS_KEY, SECRET_KEY = "test", "test"


@dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Distribution:
    id: str
    domain: str
    arn: str


class StackFailed(Exception):
    """A template that CloudFormation did not deploy; says which resource failed, and why."""


class StandIn:
    def __init__(self, auth=False, log_level="INFO"):
        self.auth = auth
        self.log_level = log_level
        self.port = self.url = None
        self._process = None
        self._domains = {}  # of distributions, by their ids
        self._clients = {}  # of root, by their services; making one takes longer than most requests
        self._viewers = threading.local()
        # MiniStack keeps two Nodes, starts another for each viewer more, and gives up when that takes long.
        self._turns = Turns(2)

    def __enter__(self):
        if not shutil.which("node"):
            raise FileNotFoundError("there is no node, in which MiniStack runs the functions of CloudFront")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="stand-in-"))
        self.log_path = self.folder / "ministack.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Nothing of the person's own AWS settings may decide what a test does.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))}
        env |= {
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "AUTH": "true" if self.auth else "false",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "MINISTACK_REGION": REGION,
            # Where functions find the other services.
            "AWS_ENDPOINT_URL": self.url,
            # Its file with the process id, and whatever else it writes.
            "TMPDIR": str(self.folder), "STATE_DIR": str(self.folder / "state"), "S3_DATA_DIR": str(self.folder / "s3"),
            # Each would listen at a port of its own.
            "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0",
            "LOG_LEVEL": self.log_level, "PYTHONUNBUFFERED": "1",
        }
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("mended.py")], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            self._show_log()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self._end()
        if kind is None:
            shutil.rmtree(self.folder)
        else:
            self._show_log()

    def _wait_until_ready(self):
        for _ in range(1200):
            if self._process.poll() is not None:
                raise RuntimeError(f"MiniStack ended with {self._process.returncode}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
                    connection.request("GET", "/_ministack/ready")
                    if connection.getresponse().status == 200:
                        return
            time.sleep(0.1)
        raise RuntimeError("MiniStack does not become ready")

    def _end(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self, lines=60):
        """The last lines of what MiniStack wrote: for the message of an assertion."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _show_log(self):
        print(f"-- the end of {self.log_path}\n{self.log()}\n--", file=sys.stderr)

    # Who asks

    def client(self, service, credentials=None, url=None):
        """A boto3 client as root, or with `credentials` (a dict as STS gives it), through a proxy's `url` if one is named."""
        if not (credentials or url):
            if service not in self._clients:
                self._clients[service] = self.client(service, url=self.url)
            return self._clients[service]
        credentials = credentials or {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY}
        return boto3.session.Session().client(
            service, region_name=REGION, endpoint_url=url or self.url,
            aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, max_pool_connections=50),
        )

    def environment(self, credentials=None, url=None):
        """What a program that is to publish here needs in its environment; the rest of it is the test's own."""
        credentials = credentials or {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY}
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url or self.url,
            # No files of the person's, and no questions to the metadata service of a machine in the cloud.
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
        }
        if "SessionToken" in credentials:
            env["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
        return env

    def credentials_of_workflow(self, role_arn, subject, audience="sts.amazonaws.com", issuer="https://token.actions.githubusercontent.com"):
        """What a GitHub workflow gets for its token. MiniStack holds the claims to the role's trust policy, and does not look at the signature."""
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        claims = {"iss": issuer, "sub": subject, "aud": audience, "iat": int(time.time()), "exp": int(time.time()) + 600}
        token = f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.{part('no signature')}"
        return self.client("sts").assume_role_with_web_identity(RoleArn=role_arn, RoleSessionName="workflow", WebIdentityToken=token)["Credentials"]

    def make_github_provider(self):
        """Tells the account of GitHub's identities; AWS wants it before a role may trust them."""
        self.client("iam").create_open_id_connect_provider(Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"])

    def credentials_of_user(self, name, policy):
        """A new user with this policy document and no other right."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
        return iam.create_access_key(UserName=name)["AccessKey"]

    # What there is

    def make_bucket(self, name, versioned=True):
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name)
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def make_distribution(self, bucket, function=None, code=None, **config):
        """A distribution in front of a bucket, with the `code` of a viewer-request function called `function`, published.

        `config` replaces members of the DistributionConfig. The real template sets more: see `deploy_stack`.
        """
        front = self.client("cloudfront")
        behavior = {
            "TargetOriginId": "bucket", "ViewerProtocolPolicy": "redirect-to-https", "Compress": True,
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",  # Managed-CachingOptimized
        }
        if function:
            made = front.create_function(Name=function, FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"}, FunctionCode=code.encode())
            front.publish_function(Name=function, IfMatch=made["ETag"])
            arn = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
            behavior["FunctionAssociations"] = {"Quantity": 1, "Items": [{"FunctionARN": arn, "EventType": "viewer-request"}]}
        access = front.create_origin_access_control(OriginAccessControlConfig={
            "Name": bucket, "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4",
        })
        made = front.create_distribution(DistributionConfig={
            "CallerReference": bucket, "Comment": "", "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{
                "Id": "bucket", "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""},
                "OriginAccessControlId": access["OriginAccessControl"]["Id"],
            }]},
            "DefaultCacheBehavior": behavior,
        } | config)["Distribution"]
        self.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"StringEquals": {"AWS:SourceArn": made["ARN"]}},
        }]}))
        return Distribution(made["Id"], made["DomainName"], made["ARN"])

    def deploy_stack(self, template_path, parameters=None, name="site"):
        """Creates the stack, or updates it where there is one of that name. Gives back its outputs, by name.

        MiniStack has no AWS::IAM::OIDCProvider, and refuses a template in which one is to be made: see `make_github_provider`.
        """
        formation = self.client("cloudformation")
        request = {
            "StackName": name, "TemplateBody": pathlib.Path(template_path).read_text(),
            "Parameters": [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in (parameters or {}).items()],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        }
        verb = "create"
        with contextlib.suppress(botocore.exceptions.ClientError):
            if formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] != "DELETE_COMPLETE":
                verb = "update"
        try:
            getattr(formation, f"{verb}_stack")(**request)
            formation.get_waiter(f"stack_{verb}_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        except botocore.exceptions.WaiterError as error:
            events = formation.describe_events(StackName=name)["OperationEvents"]
            reasons = [(event, event.get("ValidationStatusReason") or event.get("ResourceStatusReason")) for event in reversed(events)]
            said = [f"{event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}" for event, reason in reasons if reason]
            raise StackFailed("\n".join([f"{template_path} is not deployed:"] + (said or [str(error)]))) from error
        except botocore.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise StackFailed(f"{template_path} is not deployed: {error}") from error
        outputs = formation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    # What a viewer sees

    def fetch(self, distribution, path, method="GET", headers=None, body=None, https=True):
        """Asks a distribution (its id, its domain, or what `make_distribution` gave) as a viewer would.

        MiniStack knows viewers' requests by the distribution's domain in `Host`; what else it answers is at the same port.
        Over TLS, as far as it can tell, for `X-Forwarded-Proto` says so. Each thread keeps a connection open.
        """
        headers = {"Host": self.domain_of(distribution)} | ({"X-Forwarded-Proto": "https"} if https else {}) | (headers or {})
        for fresh in (False, True):
            connection = getattr(self._viewers, "connection", None)
            if connection is None or fresh:
                connection = self._viewers.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
            try:
                with self._turns:
                    connection.request(method, path, body=body, headers=headers)
                    answer = connection.getresponse()
                    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
            except (ConnectionError, http.client.HTTPException):
                # The server ends a connection after its thousandth request.
                connection.close()
                if fresh:
                    raise

    def domain_of(self, distribution):
        if isinstance(distribution, Distribution):
            return distribution.domain
        if "." in distribution:
            return distribution
        if distribution not in self._domains:
            self._domains[distribution] = self.client("cloudfront").get_distribution(Id=distribution)["Distribution"]["DomainName"]
        return self._domains[distribution]


class Turns:
    """So many at once, in the order in which they come. (A semaphore lets those starve who ask seldom.)"""

    def __init__(self, number):
        self._free, self._waiting, self._lock = number, collections.deque(), threading.Lock()

    def __enter__(self):
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._waiting.append(mine)
        mine.wait()

    def __exit__(self, *_):
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
