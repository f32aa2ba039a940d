#!/usr/bin/env python3
"""What the other tests rely on of MiniStack and of its mends: python -m unittest test_stand_in, in this folder."""
import json
import pathlib
import tempfile
import unittest

from stand_in import REGION, StackFailed, StandIn

CODE = """function handler(event) {
  var request = event.request;
  if (request.uri === '/refused') return { statusCode: 400, headers: { 'content-type': { value: 'text/plain' } }, body: 'no' };
  if (request.querystring.limit) request.uri += '/limit/' + request.querystring.limit.value + '.json';
  return request;
}"""
# A bucket that wants TLS, a function, and a role that may publish that function.
TEMPLATE = """
Parameters:
  Name: {Type: String}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Ref Name}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', Resource: !Sub '${Bucket.Arn}/*', Condition: {Bool: {aws:SecureTransport: 'false'}}}]
  Edge:
    Type: AWS::CloudFront::Function
    Properties: {Name: named, AutoPublish: true, FunctionConfig: {Comment: '', Runtime: cloudfront-js-2.0}, FunctionCode: 'function handler(e) { return e.request; }'}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: publisher
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Federated: !Sub 'arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com'}
            Action: sts:AssumeRoleWithWebIdentity
            Condition: {StringEquals: {'token.actions.githubusercontent.com:aud': sts.amazonaws.com, 'token.actions.githubusercontent.com:sub': 'repo:o/r:environment:prod'}}
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - {Effect: Allow, Action: 's3:PutObject', Resource: !Sub '${Bucket.Arn}/v1/*'}
              - {Effect: Allow, Action: 'cloudfront:DescribeFunction', Resource: !Sub 'arn:aws:cloudfront::${AWS::AccountId}:function/named'}
Outputs:
  Role: {Value: !GetAtt Role.Arn}
"""


class Viewers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.aws = cls.enterClassContext(StandIn())
        cls.bucket = cls.aws.make_bucket("site")
        cls.site = cls.aws.make_distribution(cls.bucket, "edge", CODE)
        cls.aws.client("s3").put_object(
            Bucket=cls.bucket, Key="v1/rows/limit/5.json", Body=b"[5]", ContentType="application/json", CacheControl="max-age=1",
        )

    def test_a_distribution_by_each_of_its_names(self):
        for name in [self.site, self.site.id, self.site.domain]:
            answer = self.aws.fetch(name, "/v1/rows?limit=5")
            self.assertEqual((answer.status, answer.json()), (200, [5]), self.aws.log())
            self.assertEqual((answer.headers["content-type"], answer.headers["cache-control"]), ("application/json", "max-age=1"))

    def test_methods_headers_and_the_functions_own_answers(self):
        self.assertEqual(self.aws.fetch(self.site, "/v1/rows?limit=5", "HEAD").body, b"")
        etag = self.aws.fetch(self.site, "/v1/rows?limit=5").headers["etag"]
        self.assertEqual(self.aws.fetch(self.site, "/v1/rows?limit=5", headers={"If-None-Match": etag}).status, 304)
        self.assertEqual(self.aws.fetch(self.site, "/v1/rows?limit=5", https=False).status, 301)
        refused = self.aws.fetch(self.site, "/refused")
        self.assertEqual((refused.status, refused.body), (400, b"no"))

    def test_a_key_that_is_not_there(self):
        self.assertEqual(self.aws.fetch(self.site, "/v1/none.json").status, 404)
        s3 = self.aws.client("s3")
        policy = json.loads(s3.get_bucket_policy(Bucket=self.bucket)["Policy"])
        self.addCleanup(s3.put_bucket_policy, Bucket=self.bucket, Policy=json.dumps(policy))
        policy["Statement"][0]["Action"] = "s3:GetObject"
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))
        self.assertEqual(self.aws.fetch(self.site, "/v1/none.json").status, 403)
        self.assertEqual(self.aws.fetch(self.site, "/v1/rows?limit=5").status, 200)

    def test_more_reads_than_a_connection_serves(self):
        # The server ends a connection after a thousand.
        self.assertEqual({self.aws.fetch(self.site, "/refused").status for _ in range(1100)}, {400})


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.aws = cls.enterClassContext(StandIn(auth=True))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.folder / "template.yaml").write_text(TEMPLATE)
        cls.role = cls.aws.deploy_stack(cls.folder / "template.yaml", {"Name": "stacked"})["Role"]

    def refused(self, status, code, work):
        with self.assertRaises(Exception) as caught:
            work()
        answer = caught.exception.response
        self.assertEqual((answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]), (status, code))

    def test_a_workflow_may_do_what_its_role_says(self):
        credentials = self.aws.credentials_of_workflow(self.role, "repo:o/r:environment:prod")
        s3, front = self.aws.client("s3", credentials), self.aws.client("cloudfront", credentials)
        s3.put_object(Bucket="stacked", Key="v1/a", Body=b"a")
        self.refused(403, "AccessDenied", lambda: s3.put_object(Bucket="stacked", Key="a", Body=b"a"))
        self.refused(403, "AccessDenied", lambda: s3.get_object(Bucket="stacked", Key="v1/a"))
        front.describe_function(Name="named", Stage="LIVE")
        self.refused(403, "AccessDenied", lambda: front.describe_function(Name="other", Stage="LIVE"))
        self.refused(403, "AccessDenied", lambda: front.publish_function(Name="named", IfMatch="x"))
        self.refused(403, "AccessDenied", lambda: self.aws.credentials_of_workflow(self.role, "repo:o/r:environment:dev"))

    def test_signatures_are_checked(self):
        user = self.aws.credentials_of_user("user", {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
        self.aws.client("s3", user).list_objects_v2(Bucket="stacked")
        self.refused(403, "SignatureDoesNotMatch", lambda: self.aws.client("s3", user | {"SecretAccessKey": "x"}).list_objects_v2(Bucket="stacked"))

    def test_a_stack_is_updated_or_says_what_failed(self):
        self.assertEqual(self.aws.deploy_stack(self.folder / "template.yaml", {"Name": "stacked"})["Role"], self.role)
        (self.folder / "bad.yaml").write_text("Resources:\n  Twice: {Type: 'AWS::S3::Bucket', Properties: {BucketName: stacked}}\n")
        with self.assertRaisesRegex(StackFailed, "Twice .*already exists"):
            self.aws.deploy_stack(self.folder / "bad.yaml", name="bad")

    def test_what_a_program_gets_in_its_environment(self):
        env = self.aws.environment({"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}, "http://127.0.0.1:1")
        amazon = {name: value for name, value in env.items() if name.startswith("AWS_") and "FILE" not in name and "METADATA" not in name}
        self.assertEqual(amazon, {
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        })


if __name__ == "__main__":
    unittest.main()
