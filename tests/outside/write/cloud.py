"""The endpoint as it stands in production: the function of infra/write.yaml behind the distribution of infra/site.yaml, in MiniStack, which checks
signatures and policies.

The function is target/lambda/precast-write, or what PRECAST_WRITE names.
"""
import atexit
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from desk import PATIENCE, REPOSITORY, Asked, Place, StandIn, command

FUNCTION = REPOSITORY / os.environ.get("PRECAST_WRITE", "target/lambda/precast-write")
INFRA = REPOSITORY / "infra"
PROJECT, ENVIRONMENT = "club", "dev"
NAME = f"{PROJECT}-{ENVIRONMENT}"
SECRETS = ["the first secret of the distribution", "the secret that comes after the first"]


def pack(root, out):
    """What infra/package.py makes of a site; gives what it tells."""
    return subprocess.run([sys.executable, INFRA / "package.py", FUNCTION, root, out], capture_output=True, text=True, timeout=PATIENCE)


class Cloud:
    """One account with one site, whose members may write."""

    def __init__(self):
        self.aws = StandIn(auth=True, log_level="WARNING")
        self.aws.__enter__()
        atexit.register(self.aws.__exit__, None, None, None)
        self.logs, self.functions = self.aws.client("logs"), self.aws.client("lambda")

    def deploy(self, root):
        """As infra/README.md tells it."""
        self.secrets({"origin": SECRETS[0], "origins": SECRETS[0]})
        site = self.deploy_site()
        self.site_bucket, self.domain, self.distribution = site["BucketName"], site["DistributionDomain"], site["DistributionId"]
        self.put_code(root)
        self.deploy_write()
        self.deploy_site(WriteHost=self.host, WriteSecretVersion=self.version)
        # (Its address is for a machine that knows the name of the distribution.)
        self.environments = re.sub(r"(?m)^url .*$", "", site["EnvironmentsToml"]) + "\n" + self.written["EnvironmentsToml"] + "\n"

    def secrets(self, values):
        client = self.aws.client("secretsmanager")
        text = json.dumps({"wake": "", "introspectionId": "", "introspectionSecret": ""} | values)
        try:
            self.version = client.create_secret(Name=f"{NAME}-write", SecretString=text)["VersionId"]
        except client.exceptions.ResourceExistsException:
            self.version = client.put_secret_value(SecretId=f"{NAME}-write", SecretString=text)["VersionId"]

    def deploy_site(self, **more):
        return self.aws.deploy_stack(INFRA / "site.yaml", {"Project": PROJECT, "Environment": ENVIRONMENT, "AccessLogs": "false"} | more, name=f"{NAME}-site")

    def deploy_write(self, **more):
        given = {"Project": PROJECT, "Environment": ENVIRONMENT, "SecretVersion": self.version, "ReservedConcurrency": 50, "SiteOrigins": f"https://{self.domain}"}
        self.written = self.aws.deploy_stack(INFRA / "write.yaml", given | more, name=f"{NAME}-write")
        self.inbox, self.function, self.host = (self.written[name] for name in ["InboxBucketName", "FunctionName", "FunctionHost"])

    def put_code(self, root):
        with tempfile.TemporaryDirectory() as folder:
            package = pathlib.Path(folder) / "write.zip"
            packed = pack(root, package)
            assert packed.returncode == 0, packed.stderr
            self.aws.client("s3").put_object(Bucket=self.site_bucket, Key=".precast/write.zip", Body=package.read_bytes())

    def update(self, root):
        """What the workflow does."""
        self.put_code(root)
        self.functions.update_function_code(FunctionName=self.function, S3Bucket=self.site_bucket, S3Key=".precast/write.zip")

    def told(self):
        """The lines of the function's log."""
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.function}")
        return [event["message"].rstrip() for page in pages for event in page["events"]]


@functools.cache
def cloud(root):
    """One for all tests of a process; it is deployed for the first site, and updated for others."""
    if not FUNCTION.exists():
        raise FileNotFoundError(f"there is no {FUNCTION}: build it, or name another in PRECAST_WRITE")
    made = account()
    if hasattr(made, "function"):
        made.update(root)
    else:
        made.deploy(root)
    return made


@functools.cache
def account():
    return Cloud()


class Behind(Asked):
    """The function of a site, asked through the distribution as a browser asks it."""

    def __init__(self, root):
        self.cloud, self.root = cloud(root), root
        self.address = ("127.0.0.1", self.cloud.aws.port)
        self.headers = {"Host": self.cloud.domain, "X-Forwarded-Proto": "https"}

    @property
    def own(self):
        return f"https://{self.cloud.domain}"

    def start(self):
        return self

    def end(self):
        pass

    @property
    def lines(self):
        return self.cloud.told()

    def told(self):
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def log(self):
        return "\n".join(self.lines[-60:])


class InCloud(Place):
    """The inbox of the function, in a bucket that the function may not list."""

    def __init__(self, _folder):
        self.aws = account().aws
        self.env = {name: value for name, value in self.aws.environment().items() if name.startswith("AWS_")}
        # There is one bucket: what others kept there goes, and what was counted of their address.
        if hasattr(account(), "inbox"):
            self.remove(self.objects())

    @property
    def options(self):
        return ("--inbox", f"s3://{account().inbox}")

    def server(self, root, *_options, **_how):
        return Behind(root)

    def objects(self):
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=account().inbox)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return {key: s3.get_object(Bucket=account().inbox, Key=key)["Body"].read() for key in keys}

    def remove(self, names):
        for name in names:
            self.aws.client("s3").delete_object(Bucket=account().inbox, Key=name)

    def publish(self, root, *options):
        """Everything from the inbox to the distribution, as the workflow does it."""
        (root / "site/environments.toml").write_text(account().environments)
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PRECAST_"))} | self.env
        for arguments in [("inbox", "fetch", "--env", ENVIRONMENT), ("build", "--strict"), ("publish", "--env", ENVIRONMENT, *options)]:
            ran = command(*arguments, "--root", root, env=env)
            assert ran.returncode == 0, f"{arguments}: {ran.stderr}"
