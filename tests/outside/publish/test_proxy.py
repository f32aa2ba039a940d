#!/usr/bin/env python3
"""The proxy before MiniStack, asked with boto3: python -m unittest test_proxy, in this folder."""
import concurrent.futures
import contextlib
import http.client
import io
import subprocess
import sys
import threading
import time
import unittest

import botocore.exceptions
import botocore.httpchecksum

import proxy as proxy_module
from proxy import Call, Faults, Proxy
from stand_in import StandIn

NETWORK = botocore.exceptions.HTTPClientError
REFUSED = botocore.exceptions.ClientError
BUCKET = "site"


class Through(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # With signatures, which say whether a request came through as it was sent. Root's are not looked at, so a user asks.
        cls.aws = cls.enterClassContext(StandIn(auth=True))
        cls.aws.make_bucket(BUCKET)
        cls.user = cls.aws.credentials_of_user("publisher", {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        cls.proxy = cls.enterClassContext(Proxy(cls.aws.url))
        cls.direct = cls.aws.client("s3", cls.user)

    def setUp(self):
        self.proxy.clear()
        # One of its own for each test: a connection that broke is not met again.
        self.s3 = self.aws.client("s3", self.user, self.proxy.url)

    def tearDown(self):
        self.proxy.clear()

    def put(self, key, body=b"body", **more):
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)

    def there(self, key):
        with contextlib.suppress(self.direct.exceptions.NoSuchKey):
            return self.direct.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def refused(self, status, code, work):
        with self.assertRaises(REFUSED) as caught:
            work()
        self.assertEqual((caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], caught.exception.response["Error"]["Code"]), (status, code))

    def last(self):
        # The client may have its answer before the proxy has noted it.
        deadline = time.monotonic() + 60
        while not self.proxy.calls[-1].seconds and time.monotonic() < deadline:
            time.sleep(0.001)
        return self.proxy.calls[-1]

    # What passes

    def test_bodies_keys_and_signatures_pass_unchanged(self):
        for key in ["plain.json", "a b/ü+&=?#%2F.json", "v1/days/limit/5.json"]:
            for size in [0, 1, 70_000, 3_000_000]:
                with self.subTest(key=key, size=size):
                    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
                    self.put(key, body, Metadata={"sha256": "abc"}, CacheControl="max-age=0")
                    self.assertEqual((self.last().key, self.last().bucket, self.last().operation), (key, BUCKET, "PutObject"))
                    self.assertGreaterEqual(self.last().sent, size)
                    answer = self.s3.get_object(Bucket=BUCKET, Key=key)
                    self.assertEqual(answer["Body"].read(), body)
                    self.assertEqual((answer["Metadata"], answer["CacheControl"]), ({"sha256": "abc"}, "max-age=0"))
                    self.assertEqual((self.last().received, self.last().status), (size, 200))

    def test_an_upload_in_chunks_with_a_trailer_passes(self):
        # boto3 signs what has no length at plain HTTP, so this one is written by hand; MiniStack takes it from root.
        body, checksum = b"in chunks of its own", "ignored"
        frames = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [body[:5], body[5:]])
        connection = http.client.HTTPConnection("127.0.0.1", int(self.proxy.url.rsplit(":", 1)[1]))
        self.addCleanup(connection.close)
        credential = "AWS4-HMAC-SHA256 Credential=test/20260601/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        for _ in range(2):
            connection.putrequest("PUT", f"/{BUCKET}/chunked")
            connection.putheader("Authorization", credential)
            connection.putheader("Transfer-Encoding", "chunked")
            connection.putheader("Trailer", "x-note")
            connection.endheaders(frames + b"0\r\nx-note: " + checksum.encode() + b"\r\n\r\n")
            self.assertEqual(connection.getresponse().read(), b"")
            self.assertEqual(self.last().status, 200)
        self.assertEqual(self.there("chunked"), body)

    def test_an_aws_chunked_upload_passes(self):
        # A body that cannot be read twice, with a checksum in the trailer, as SDKs send it.
        class Once(io.RawIOBase):
            def __init__(self):
                self.left = [b"one ", b"two"]

            def read(self, _size=-1):
                return self.left.pop(0) if self.left else b""

        body = botocore.httpchecksum.AwsChunkedWrapper(Once(), checksum_cls=botocore.httpchecksum.Crc32Checksum, checksum_name="x-amz-checksum-crc32").read()
        self.assertIn(b"x-amz-checksum-crc32:", body)
        connection = http.client.HTTPConnection("127.0.0.1", int(self.proxy.url.rsplit(":", 1)[1]))
        self.addCleanup(connection.close)
        connection.request("PUT", f"/{BUCKET}/aws-chunked", body, {
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260601/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
            "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "7", "X-Amz-Trailer": "x-amz-checksum-crc32",
            "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        })
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(self.there("aws-chunked"), b"one two")

    def test_answers_without_a_body_pass(self):
        self.put("a")
        etag = self.s3.head_object(Bucket=BUCKET, Key="a")["ETag"]
        self.refused(304, "304", lambda: self.s3.get_object(Bucket=BUCKET, Key="a", IfNoneMatch=etag))
        self.refused(404, "404", lambda: self.s3.head_object(Bucket=BUCKET, Key="none"))
        self.refused(412, "PreconditionFailed", lambda: self.put("a", IfNoneMatch="*"))
        self.s3.delete_object(Bucket=BUCKET, Key="a")
        self.assertIsNone(self.there("a"))

    def test_calls_are_counted_by_operation(self):
        self.put("a")
        self.put("b")
        self.s3.copy_object(Bucket=BUCKET, Key="c", CopySource={"Bucket": BUCKET, "Key": "a"})
        self.s3.list_objects_v2(Bucket=BUCKET)
        self.s3.list_object_versions(Bucket=BUCKET)
        self.s3.get_bucket_versioning(Bucket=BUCKET)
        self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}]})
        self.aws.client("cloudfront", self.user, self.proxy.url).list_distributions()
        self.assertEqual(self.proxy.counts(), {
            "PutObject": 2, "CopyObject": 1, "ListObjectsV2": 1, "ListObjectVersions": 1, "GET ?versioning": 1, "DeleteObjects": 1,
            "cloudfront GET distribution": 1,
        })

    def test_many_clients_are_served_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda number: self.put(f"many/{number}", b"%d" % number), range(200)))
        self.assertEqual(self.there("many/123"), b"123")
        self.assertEqual(self.proxy.counts(), {"PutObject": 200})

    # What goes wrong

    def test_drop_answer_lets_the_request_take_effect(self):
        self.proxy.faults.nth(1, "drop_answer")
        with self.assertRaises(NETWORK):
            self.put("dropped", IfNoneMatch="*")
        self.assertEqual(self.there("dropped"), b"body")
        self.assertEqual((self.last().fault, self.last().status), ("drop_answer", 0))
        self.refused(412, "PreconditionFailed", lambda: self.put("dropped", IfNoneMatch="*"))

    def test_conflict_and_slow_down_do_not_go_on(self):
        self.proxy.faults.nth(1, "conflict")
        self.proxy.faults.nth(2, "slow_down")
        self.refused(409, "ConditionalRequestConflict", lambda: self.put("refused", b"x" * 100_000, IfNoneMatch="*"))
        self.refused(503, "SlowDown", lambda: self.put("refused"))
        self.assertIsNone(self.there("refused"))
        self.put("refused")
        self.assertEqual([call.fault for call in self.proxy.calls], ["conflict", "slow_down", ""])

    def test_a_refused_head_has_no_body(self):
        self.put("a")
        self.proxy.faults.nth(1, "slow_down")
        self.refused(503, "503", lambda: self.s3.head_object(Bucket=BUCKET, Key="a"))
        self.s3.head_object(Bucket=BUCKET, Key="a")

    def test_reset_does_not_go_on(self):
        self.proxy.faults.nth(1, "reset")
        with self.assertRaises(NETWORK) as caught:
            self.put("reset")
        self.assertRegex(str(caught.exception), "(?i)connection")
        self.assertIsNone(self.there("reset"))

    def test_truncate_sends_half_of_the_body(self):
        self.put("half", b"x" * 1000)
        self.proxy.faults.every("truncate", lambda call: call.method == "GET")
        answer = self.s3.get_object(Bucket=BUCKET, Key="half")
        self.assertEqual(answer["ContentLength"], 1000)
        with self.assertRaises((botocore.exceptions.IncompleteReadError, botocore.exceptions.ResponseStreamingError)):
            answer["Body"].read()
        self.assertEqual(self.last().received, 500)

    def test_truncate_upload_stores_nothing(self):
        self.proxy.faults.every("truncate_upload")
        for size in [10, 1_000_000]:
            with self.assertRaises(NETWORK):
                self.put("half up", b"x" * size)
        time.sleep(0.2)
        self.assertIsNone(self.there("half up"))

    def test_wrong_clock(self):
        self.proxy.faults.nth(1, "wrong_clock")
        self.refused(403, "RequestTimeTooSkewed", lambda: self.put("late"))

    # When

    def test_nth_counts_what_matches(self):
        self.proxy.faults.nth({2, 3}, "slow_down", lambda call: call.operation == "PutObject" and call.key.startswith("v1/"))
        for key in ["other", "v1/a"]:
            self.put(key)
        for key in ["v1/b", "v1/c"]:
            self.refused(503, "SlowDown", lambda: self.put(key))
        self.put("v1/d")

    def test_a_share_is_the_same_in_any_order(self):
        calls = [Call("PUT", f"/{BUCKET}/{number}", {"if-none-match": "*"}) for number in range(2000)] + [Call("GET", f"/{BUCKET}/{number}", {}) for number in range(500)]

        def drawn(calls, seed):
            faults = Faults()
            faults.share(0.2, ["drop_answer", "conflict", "slow_down", "reset", "truncate"], seed)
            return {(call.method, call.target): faults.draw(call) for call in calls}

        first = drawn(calls, 1)
        self.assertEqual(first, drawn(calls[::-1], 1))
        self.assertNotEqual(first, drawn(calls, 2))
        self.assertAlmostEqual(sum(map(bool, first.values())) / len(calls), 0.2, delta=0.03)
        self.assertEqual({fault for (method, _), fault in first.items() if method == "PUT"}, {"", "drop_answer", "conflict", "slow_down", "reset"})
        self.assertEqual({fault for (method, _), fault in first.items() if method == "GET"}, {"", "drop_answer", "slow_down", "reset", "truncate"})

    def test_a_retry_is_drawn_anew(self):
        faults = Faults()
        faults.share(0.5, ["reset"], 1)
        same = [faults.draw(Call("PUT", f"/{BUCKET}/a", {})) for _ in range(20)]
        self.assertEqual(set(same), {"", "reset"})

    def test_a_fault_must_exist(self):
        for work in [lambda: self.proxy.faults.every("typo"), lambda: self.proxy.faults.nth(1, "typo"), lambda: self.proxy.faults.share(1, ["typo"])]:
            self.assertRaises(ValueError, work)

    # Gates

    def behind_a_gate(self, key, **how):
        gate = self.proxy.hold(lambda call: call.key == key, **how)
        result = concurrent.futures.Future()

        def work():
            try:
                result.set_result(self.put(key))
            except Exception as error:
                result.set_exception(error)

        threading.Thread(target=work).start()
        self.assertEqual(gate.wait(10).key, key)
        return gate, result

    def test_a_gate_holds_until_it_is_opened(self):
        gate, result = self.behind_a_gate("held")
        self.put("another")
        self.assertIsNone(self.there("held"))
        self.assertFalse(result.done())
        gate.release()
        self.assertEqual(result.result(10)["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.put("held")

    def test_a_gate_drops_what_did_not_go_on(self):
        gate, result = self.behind_a_gate("not sent")
        gate.drop()
        self.assertRaises(NETWORK, result.result, 10)
        self.assertIsNone(self.there("not sent"))

    def test_a_gate_after_the_effect(self):
        gate, result = self.behind_a_gate("sent", after=True)
        self.assertEqual(self.there("sent"), b"body")
        self.assertFalse(result.done())
        gate.drop()
        self.assertRaises(NETWORK, result.result, 10)

    def test_a_gate_from_the_nth_on(self):
        gate = self.proxy.hold(lambda call: call.operation == "PutObject", nth=3)
        self.put("n1")
        self.put("n2")
        self.assertRaises(TimeoutError, gate.wait, 0.05)
        threading.Thread(target=lambda: self.put("n3")).start()
        self.assertEqual(gate.wait(10).key, "n3")
        gate.release()

    # As a command

    def test_as_a_command(self):
        command = [sys.executable, proxy_module.__file__, "--to", self.aws.url, "--share", "1", "--fault", "slow_down"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            url = process.stderr.readline().split()[0]
            s3 = self.aws.client("s3", self.user, url)
            self.refused(503, "SlowDown", lambda: s3.put_object(Bucket=BUCKET, Key="a", Body=b"body"))
        finally:
            process.send_signal(2)
            said, _ = process.communicate(timeout=60)
        self.assertRegex(said, r"PutObject site/a -> 503, \d+ bytes up, \d+ down \(slow_down\)\n +1 PutObject")


if __name__ == "__main__":
    unittest.main()
