"""`python -m tests.bench.boto_listing ENDPOINT BUCKET`: boto3's paginator alone; prints how many versions it gave."""

from __future__ import annotations

import sys

import boto3
from botocore.config import Config


def main(endpoint: str, bucket: str) -> None:
    """Lists every version and keeps none."""
    keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench-secret"}
    config = Config(s3={"addressing_style": "path"}, proxies={})
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="eu-west-2", config=config, **keys)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    print(sum(len(page.get("Versions", ())) for page in pages))


if __name__ == "__main__":
    main(*sys.argv[1:])
