#!/usr/bin/env python3
"""What the roles of infra/pipeline.yaml can do with the program, and what they cannot: python -m unittest test_roles."""
import unittest

import botocore.exceptions

from scene import REPOSITORY, Scene, in_each_layout, small_site

PIPELINE = REPOSITORY / "infra/pipeline.yaml"


class Roles(Scene):
    auth = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = small_site(cls.folder), small_site(cls.folder, day=2, members=7)
        cls.aws.make_github_provider()

    def role(self, place, kind, subject):
        """The credentials of a workflow's run, in the pipeline's stack of an environment."""
        outputs = self.aws.deploy_stack(PIPELINE, {
            "Project": place.project, "Environment": place.name, "GitHubOwner": "acme@12", "GitHubRepository": "site@34",
            "DistributionId": place.outputs["DistributionId"], "SurfacesDistributionId": place.outputs["SurfacesDistributionId"],
        }, name=f"{place.project}-pipeline")
        return self.aws.credentials_of_workflow(outputs[f"{kind}RoleArn"], f"repo:acme@12/site@34:{subject}")

    @in_each_layout
    def test_the_publish_role_does_all_the_work(self, layout):
        place = self.place(layout)
        place.credentials = self.role(place, "Publish", "environment:prod")
        with place.viewer() as url:
            place.declare(f'url = "{url}"')
            for build in (self.old, self.new):
                self.succeeds(place.publish(build, "--dry-run"))
                self.succeeds(place.publish(build))
                self.assert_live(place, build)
            self.succeeds(place.run("rollback"))
            self.assert_live(place, self.old)
            self.succeeds(place.run("gc"))
            self.succeeds(place.run("releases"))
            # What was spoilt is put right.
            for key in place.where("v1/board.json"):
                place.s3.put_object(Bucket=place.bucket, Key=key, Body=b"{}")
            self.succeeds(place.run("verify", "--repair", "--out", self.old.out))
            self.assert_live(place, self.old)

    @in_each_layout
    def test_the_plan_role_plans_and_looks(self, layout):
        place = self.place(layout)
        plan, publish = self.role(place, "Plan", "pull_request"), self.role(place, "Publish", "environment:prod")
        for live in (None, self.old):
            with self.subTest(live="nothing" if live is None else "a release"):
                place.credentials = None
                if live:
                    place.put(live)
                expected = self.succeeds(place.publish(self.new, "--dry-run", "--format", "json")).json()
                before, code = place.snapshot(), place.function_code()
                place.credentials = plan
                self.assertEqual(self.succeeds(place.publish(self.new, "--dry-run", "--format", "json")).json(), expected)
                self.assertRegex(self.fails(place.publish(self.new)), "may not do (s3:PutObject|cloudfront:UpdateFunction)")
                self.assertEqual((place.snapshot(), place.function_code()), (before, code))
        for command in ("status", "releases", "verify"):
            with self.subTest(command):
                self.succeeds(place.run(command))
        place.credentials = publish
        self.succeeds(place.publish(self.new))

    def test_the_publish_role_can_do_nothing_else(self):
        place, other = self.place("release"), self.place("release")
        place.put(self.old, self.new)
        credentials = self.role(place, "Publish", "environment:prod")
        s3, front, iam, sts, formation = (self.aws.client(name, credentials) for name in ("s3", "cloudfront", "iam", "sts", "cloudformation"))
        version = place.s3.list_object_versions(Bucket=place.bucket)["Versions"][0]
        etag = lambda place: place.front.describe_function(Name=place.function, Stage="DEVELOPMENT")["ETag"]
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        paths = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "1"}
        forbidden = [
            lambda: s3.put_object(Bucket=other.bucket, Key="x", Body=b"x"),
            lambda: s3.get_object(Bucket=other.bucket, Key="x"),
            lambda: s3.list_objects_v2(Bucket=other.bucket),
            lambda: s3.delete_object(Bucket=place.bucket, Key=version["Key"], VersionId=version["VersionId"]),
            lambda: s3.put_bucket_policy(Bucket=place.bucket, Policy="{}"),
            lambda: s3.delete_bucket_policy(Bucket=place.bucket),
            lambda: s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Suspended"}),
            lambda: s3.put_public_access_block(Bucket=place.bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": False}),
            lambda: s3.put_object_acl(Bucket=place.bucket, Key=version["Key"], ACL="public-read"),
            lambda: s3.delete_bucket(Bucket=place.bucket),
            lambda: s3.create_bucket(Bucket="another"),
            lambda: front.update_function(Name=other.function, IfMatch=etag(other), FunctionConfig=config, FunctionCode=b"x"),
            lambda: front.delete_function(Name=place.function, IfMatch=etag(place)),
            lambda: front.create_invalidation(DistributionId=other.outputs["DistributionId"], InvalidationBatch=paths),
            lambda: front.get_distribution_config(Id=place.outputs["DistributionId"]),
            lambda: front.list_distributions(),
            lambda: iam.put_role_policy(RoleName=f"{place.project}-prod-publish", PolicyName="x", PolicyDocument="{}"),
            lambda: iam.create_user(UserName="x"),
            lambda: sts.assume_role(RoleArn=f"arn:aws:iam::000000000000:role/{place.project}-prod-plan", RoleSessionName="xx"),
            lambda: formation.delete_stack(StackName=f"{place.project}-site"),
        ]
        for number, call in enumerate(forbidden):
            with self.subTest(number=number), self.assertRaises(botocore.exceptions.ClientError) as caught:
                call()
            self.assertIn(caught.exception.response["Error"]["Code"], ("AccessDenied", "403"))
        # With the program it is no other.
        (place.root / "site/environments.toml").write_text(f'[prod]\ntarget = "s3://{other.bucket}"\nlayout = "release"\nfunction = "{other.function}"\n')
        place.credentials = credentials
        self.assertRegex(self.fails(place.publish(self.new)), f"may not do s3:GetObject on s3://{other.bucket}")
        for subject in ("environment:dev", "environment:production", "ref:refs/heads/main", "pull_request"):
            with self.subTest(subject), self.assertRaises(botocore.exceptions.ClientError):
                self.role(place, "Publish", subject)


if __name__ == "__main__":
    unittest.main()
