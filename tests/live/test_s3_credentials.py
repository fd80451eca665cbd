"""Who we are to an S3 server: everywhere that AWS's tools look, in their order."""
import json
import os
import time

import pytest

import bad_http
from s3_site import S3Site, listing


class Fakes:
    """An S3 server that tells who asks, and the services that give out keys."""

    def __init__(self, bad_server):
        self.asked = []
        self.s3 = bad_server(self.answer_s3)
        self.service = bad_server(self.answer_service)

    def answer_s3(self, request, reply):
        who = request.headers["authorization"].split("Credential=")[1].split("/")[0]
        token = request.headers.get("x-amz-security-token")
        self.asked.append((who, token))
        if who == "OLD":
            return bad_http.s3_error(400, "ExpiredToken")(request, reply)
        return reply.send(200, listing([]))

    def answer_service(self, request, reply):
        def keys(name, seconds=3600):
            return {"AccessKeyId": name, "SecretAccessKey": "s", "Token": "t-" + name,
                    "Code": "Success", "Expiration": time.strftime(
                        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}
        if request.path == "/container":
            if request.headers.get("authorization") != "Bearer x":
                return reply.send(401, "")
            return reply.send(200, json.dumps(keys("CONTAINER")))
        if request.path == "/latest/api/token":
            assert request.method == "PUT"
            return reply.send(200, "imds-token")
        if request.path.startswith("/latest/meta-data/iam/security-credentials/"):
            assert request.headers["x-aws-ec2-metadata-token"] == "imds-token"
            role = request.path.rsplit("/", 1)[1]
            return reply.send(200, json.dumps(keys("INSTANCE")) if role else "the-role\n")
        action = request.query.get("Action", "")
        if action == "AssumeRoleWithWebIdentity":
            assert request.query["WebIdentityToken"] == "jwt"
            assert request.query["RoleArn"] == "arn:aws:iam::1:role/r"
            assert "authorization" not in request.headers
        elif action == "AssumeRole":
            assert "/sts/aws4_request" in request.headers["authorization"]
            assert "Credential=BASE/" in request.headers["authorization"]
            if request.query["RoleArn"].endswith("denied"):
                return reply.send(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>"
                                  "You may not.</Message></Error></ErrorResponse>")
        else:
            return reply.send(404, "")
        k = keys("ROLE")
        return reply.send(200, f"<{action}Response xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
                          f"<{action}Result><Credentials><AccessKeyId>ROLE</AccessKeyId>"
                          f"<SecretAccessKey>s</SecretAccessKey><SessionToken>{k['Token']}"
                          f"</SessionToken><Expiration>{k['Expiration']}</Expiration>"
                          f"</Credentials></{action}Result></{action}Response>")


@pytest.fixture
def fakes(bad_server):
    return Fakes(bad_server)


def ask(boat, fakes, env, status=1, **s3):
    """Who the S3 server was asked by; with status 2, the reason why nobody asked."""
    site = S3Site(boat, fakes.s3.url, "b", **s3).set()
    env = {"AWS_EC2_METADATA_DISABLED": "true", **env}
    row = site.row(env, status=status)
    if status == 2:
        return row["reasons"][0] + site.run("collect", env=env, status=2).out
    return fakes.asked[-1]


CREDENTIALS = """# a comment
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key=s

[other]
aws_access_key_id=OTHER
aws_secret_access_key = s = with = equals
aws_session_token=tok
[ base ]
aws_access_key_id=BASE
aws_secret_access_key=s
[half]
aws_access_key_id=HALF
"""
CONFIG = """[default]
region = eu-central-1
s3 =
  max_concurrent_requests = 20
[profile conf]
aws_access_key_id = CONF
aws_secret_access_key = s
[profile role]
role_arn = arn:aws:iam::1:role/r
source_profile = base
[profile denied]
role_arn = arn:aws:iam::1:role/denied
source_profile = base
[profile circle]
role_arn = arn:aws:iam::1:role/r
source_profile = circle2
[profile circle2]
role_arn = arn:aws:iam::1:role/r
source_profile = circle
[profile sso]
sso_start_url = https://x
[profile web]
role_arn = arn:aws:iam::1:role/r
web_identity_token_file = {dir}/jwt
"""


@pytest.fixture
def files(boat):
    boat.write(".aws/credentials", CREDENTIALS)
    boat.write(".aws/config", CONFIG.replace("{dir}", boat.dir))
    boat.write("jwt", "jwt\n")


ENV = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"}


def test_environment_comes_first(boat, fakes, files):
    assert ask(boat, fakes, ENV) == ("ENV", None)
    assert ask(boat, fakes, {**ENV, "AWS_SESSION_TOKEN": "tt"}) == ("ENV", "tt")
    assert "only one is set" in ask(boat, fakes, {"AWS_ACCESS_KEY_ID": "x"}, status=2)


def test_profiles(boat, fakes, files):
    assert ask(boat, fakes, {}) == ("DEFAULT", None)
    assert ask(boat, fakes, {"AWS_PROFILE": "other"}) == ("OTHER", "tok")
    assert ask(boat, fakes, {"AWS_PROFILE": "conf"}) == ("CONF", None)
    assert ask(boat, fakes, {"AWS_PROFILE": "base"}) == ("BASE", None)
    assert "has no keys" in ask(boat, fakes, {"AWS_PROFILE": "half"}, status=2)
    assert 'no AWS profile "none"' in ask(boat, fakes, {"AWS_PROFILE": "none"}, status=2)
    assert "export-credentials" in ask(boat, fakes, {"AWS_PROFILE": "sso"}, status=2)


def test_region_of_the_profile(boat, fakes, files):
    ask(boat, fakes, {})
    assert "/eu-central-1/s3/" in fakes.s3.requests[-1].headers["authorization"]
    ask(boat, fakes, {"AWS_REGION": "ap-south-1"})
    assert "/ap-south-1/s3/" in fakes.s3.requests[-1].headers["authorization"]
    ask(boat, fakes, {"AWS_REGION": "ap-south-1"}, region="us-west-2")
    assert "/us-west-2/s3/" in fakes.s3.requests[-1].headers["authorization"]


def test_what_the_site_file_names(boat, fakes, files):
    assert ask(boat, fakes, ENV, credentials="profile other") == ("OTHER", "tok")
    env = {**ENV, "OFFSITE_ACCESS_KEY_ID": "PREFIXED", "OFFSITE_SECRET_ACCESS_KEY": "s"}
    assert ask(boat, fakes, env, credentials="env OFFSITE") == ("PREFIXED", None)
    assert "NOWHERE_ACCESS_KEY_ID" in ask(boat, fakes, ENV, status=2, credentials="env NOWHERE")


def test_a_file_that_the_site_file_names(boat, fakes, files):
    boat.write("keys", "[default]\naws_access_key_id=OF-THE-FILE\naws_secret_access_key=s\n"
               "region = sa-east-1\n")
    named = f"file {boat.dir}/keys"
    assert ask(boat, fakes, ENV, credentials=named) == ("OF-THE-FILE", None)
    assert "/sa-east-1/s3/" in fakes.s3.requests[-1].headers["authorization"]
    assert boat.dir + "/none" in ask(boat, fakes, ENV, status=2,
                                     credentials=f"file {boat.dir}/none")
    boat.write("keys", "[other]\naws_access_key_id=A\naws_secret_access_key=s\n")
    assert "[default]" in ask(boat, fakes, ENV, status=2, credentials=named)
    for wrong in ("file", "file ", "file keys"):
        S3Site(boat, fakes.s3.url, "b", credentials=wrong).set()
        assert "never the keys themselves" in boat.run("collect", status=2).err


def test_other_files(boat, fakes):
    boat.write("elsewhere", "[default]\naws_access_key_id=ELSEWHERE\naws_secret_access_key=s\n")
    env = {"AWS_SHARED_CREDENTIALS_FILE": os.path.join(boat.dir, "elsewhere")}
    assert ask(boat, fakes, env) == ("ELSEWHERE", None)


def test_roles(boat, fakes, files):
    sts = {"AWS_ENDPOINT_URL_STS": fakes.service.url}
    assert ask(boat, fakes, {**sts, "AWS_PROFILE": "role"}) == ("ROLE", "t-ROLE")
    assert ask(boat, fakes, {**sts, "AWS_PROFILE": "web"}) == ("ROLE", "t-ROLE")
    web = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
           "AWS_WEB_IDENTITY_TOKEN_FILE": os.path.join(boat.dir, "jwt")}
    assert ask(boat, fakes, {**sts, **web}) == ("ROLE", "t-ROLE")
    assert "You may not." in ask(boat, fakes, {**sts, "AWS_PROFILE": "denied"}, status=2)
    assert "in a circle" in ask(boat, fakes, {**sts, "AWS_PROFILE": "circle"}, status=2)
    web["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/nowhere"
    assert "/nowhere" in ask(boat, fakes, {**sts, **web}, status=2)
    assert not fakes.service.errors


def test_container_and_instance(boat, fakes):
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": fakes.service.url + "/container",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}
    assert ask(boat, fakes, container) == ("CONTAINER", "t-CONTAINER")
    boat.write("token", "Bearer x\n")
    container["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "wrong"
    assert "HTTP status 401" in ask(boat, fakes, container, status=2)
    container["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = os.path.join(boat.dir, "token")
    assert ask(boat, fakes, container) == ("CONTAINER", "t-CONTAINER")
    evil = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"}
    assert "neither HTTPS nor on this machine" in ask(boat, fakes, evil, status=2)
    instance = {"AWS_EC2_METADATA_DISABLED": "false",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": fakes.service.url}
    assert ask(boat, fakes, instance) == ("INSTANCE", "t-INSTANCE")
    assert not fakes.service.errors


def test_nobody(boat, fakes):
    text = ask(boat, fakes, {}, status=2)
    assert "no credentials for the bucket b" in text and "AWS_ACCESS_KEY_ID" in text


def test_expired_keys_are_fetched_anew_once(boat, fakes, files):
    """The metadata gives an old key first and a new one later."""
    state = {"n": 0}
    real = fakes.service.answer

    def answer(request, reply):
        if request.path == "/container":
            state["n"] += 1
            return reply.send(200, json.dumps(
                {"AccessKeyId": "OLD" if state["n"] == 1 else "NEW", "SecretAccessKey": "s"}))
        return real(request, reply)
    fakes.service.answer = answer
    boat.write(".aws/credentials", "")
    boat.write(".aws/config", "")
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": fakes.service.url + "/container"}
    assert ask(boat, fakes, container) == ("NEW", None)
    assert state["n"] == 2
