"""A server of the S3 protocol for tests, in this process: nothing has to be installed for it but moto."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "everthread"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def s3() -> Iterator[str]:
    """Yield the ``EVERTHREAD_STORAGE_URL`` of a folder in an empty bucket; the keys are in the environment."""
    with mock.patch.dict(os.environ, KEYS):
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        try:
            boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
            yield f"s3://{BUCKET}/data?endpoint={endpoint}"
        finally:
            server.stop()
