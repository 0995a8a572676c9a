from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from governance_console.errors import SettingsError
from governance_console.settings import NAMES, PLANNED, Settings, load
from governance_console.values import Listen

ROOT = Path(__file__).parent.parent


def dotenv(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_set_the_defaults_hold() -> None:
    assert load({}) == Settings()
    assert load(dict.fromkeys(NAMES, "")) == Settings()


def test_everything_can_be_set() -> None:
    settings = load(
        {
            "LISTEN": "[::1]:9000",
            "OPERATOR_TOKEN": "op",
            "AGENT_TOKENS": "planner-7=a1, deploy.bot=a2",
            "METRICS_TOKEN": "m",
            "WS_INTERVAL_SEC": "0.01",
            "DATABASE_URL": "sqlite:////var/lib/console/my%20log.db",
            "PUBLIC_URL": "https://Console.Example.net/",
            "ALLOWED_HOSTS": "A.example, b.example,",
            "CORS_ORIGINS": "https://portal.example:8443, HTTPS://tool.example:443/",
            "TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,fd00::/8",
            "OAUTH_CLIENT_ID": "id",
            "OAUTH_CLIENT_SECRET": "secret",
            "OAUTH_ISSUER": "https://issuer.example",
            "OAUTH_OPERATORS": "ada@example.net,*@ops.example",
            "OAUTH_VIEWERS": "bob@example.net",
            "LOG_ORIGIN": "example.net/log",
            "LOG_KEY_FILE": "keys/log.pem",
            "CHECKPOINT_INTERVAL_SEC": "0.05",
            "PUBLIC_CHECKPOINT": "True",
            "RETENTION_DAYS": "0.5",
            "LOG_LEVEL": "DEBUG",
            "PATH": "/bin",
        }
    )
    assert settings == Settings(
        listen=Listen("::1", 9000),
        operator_token="op",
        agent_tokens={"planner-7": "a1", "deploy.bot": "a2"},
        metrics_token="m",
        ws_interval_sec=0.01,
        database_url="sqlite:////var/lib/console/my%20log.db",
        public_url="https://console.example.net",
        allowed_hosts=("a.example", "b.example"),
        cors_origins=("https://portal.example:8443", "https://tool.example"),
        trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        oauth_client_id="id",
        oauth_client_secret="secret",
        oauth_issuer="https://issuer.example",
        oauth_operators=("ada@example.net", "*@ops.example"),
        oauth_viewers=("bob@example.net",),
        log_origin="example.net/log",
        log_key_file="keys/log.pem",
        checkpoint_interval_sec=0.05,
        public_checkpoint=True,
        retention_days=0.5,
        log_level="debug",
    )
    assert settings.database_path == Path("/var/lib/console/my log.db")
    assert Settings().database_path == Path("data/governance.db")


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = dotenv(tmp_path, "LISTEN=127.0.0.1:1\nWS_INTERVAL_SEC=1\nLOG_LEVEL=error\n")
    settings = load({"LISTEN": "127.0.0.1:2", "LOG_LEVEL": "debug"}, file, "127.0.0.1:3")
    assert (settings.listen.port, settings.ws_interval_sec, settings.log_level) == (3, 1.0, "debug")


def test_values_in_the_file_are_literal(tmp_path: Path) -> None:
    assert load({"A": "x"}, dotenv(tmp_path, "OPERATOR_TOKEN=a${A}b\n")).operator_token == "a${A}b"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LISTEN", "8080", "HOST:PORT"),
        ("LISTEN", "localhost:", "HOST:PORT"),
        ("LISTEN", "127.0.0.1:70000", "HOST:PORT"),
        ("LISTEN", "::1:8080", "HOST:PORT"),
        ("LISTEN", "0.0.0.0:8080", "OPERATOR_TOKEN"),
        ("LISTEN", "console.example:8080", "OPERATOR_TOKEN"),
        ("OPERATOR_TOKEN", "s3cret with spaces", "printable ASCII"),
        ("OPERATOR_TOKEN", "s3cretü", "printable ASCII"),
        ("AGENT_TOKENS", "planner-7", "pair 1"),
        ("AGENT_TOKENS", "a=s3cret,=s3cret2", "pair 2"),
        ("AGENT_TOKENS", "a=s3cret,a=s3cret2", "twice"),
        ("AGENT_TOKENS", "a=s3cret", "needs OPERATOR_TOKEN"),
        ("WS_INTERVAL_SEC", "0", "0.01"),
        ("WS_INTERVAL_SEC", "nan", "0.01"),
        ("WS_INTERVAL_SEC", "five", "0.01"),
        ("DATABASE_URL", "data/governance.db", "sqlite:///PATH"),
        ("DATABASE_URL", "sqlite://governance.db", "sqlite:///PATH"),
        ("DATABASE_URL", "postgresql://h/db", "PostgreSQL"),
        ("PUBLIC_URL", "console.example.net", "https://"),
        ("PUBLIC_URL", "https://console.example.net/path", "without a path"),
        ("PUBLIC_URL", "https://user:s3cret@console.example.net", "without a path"),
        ("CORS_ORIGINS", "*", "https://"),
        ("CORS_ORIGINS", "http://[", "https://"),
        ("CORS_ORIGINS", "https://bücher.example", "ASCII"),
        ("CORS_ORIGINS", "https://a.example:99999", "https://"),
        ("CORS_ORIGINS", "null", "https://"),
        ("TRUSTED_PROXIES", "proxy.example", "addresses or networks"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "addresses or networks"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "everybody"),
        ("TRUSTED_PROXIES", "*", "addresses or networks"),
        ("TRUSTED_PROXIES", "127.0.0.1", "set OPERATOR_TOKEN"),
        ("ALLOWED_HOSTS", "a.example:80", "without ports"),
        ("ALLOWED_HOSTS", "a.example", "set OPERATOR_TOKEN"),
        ("PUBLIC_URL", "https://console.example.net", "set OPERATOR_TOKEN"),
        ("OAUTH_ISSUER", "http://accounts.google.com", "https://"),
        ("OAUTH_ISSUER", "accounts.google.com", "https://"),
        ("OAUTH_ISSUER", "https://issuer.example/?a=b", "https://"),
        ("OAUTH_ISSUER", "https://issuer.example:port", "https://"),
        ("OAUTH_ISSUER", "https://issuer.example", "without sign-in"),
        ("OAUTH_VIEWERS", "ada@example.net", "without sign-in"),
        ("CORS_ORIGINS", "https://a.example, https://b:s3cret@b.example", "number 2 of the list"),
        ("LOG_ORIGIN", "has space", "LOG_ORIGIN"),
        ("LOG_ORIGIN", "has+plus", "LOG_ORIGIN"),
        ("LOG_KEY_FILE", "/", "name a file"),
        ("CHECKPOINT_INTERVAL_SEC", "0.01", "0.05"),
        ("PUBLIC_CHECKPOINT", "perhaps", "true or false"),
        ("RETENTION_DAYS", "0", "from 0.001 to 36500"),
        ("RETENTION_DAYS", "nan", "from 0.001 to 36500"),
        ("RETENTION_DAYS", "ninety", "empty keeps everything"),
        ("LOG_LEVEL", "loud", "debug, info"),
        *((name, "x", "later version") for name in sorted(PLANNED)),
    ],
)
def test_a_wrong_value_is_told_by_name_and_without_secrets(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value})
    (problem,) = caught.value.problems
    assert name in problem
    assert says in problem
    assert "s3cret" not in problem


NO_PEOPLE = (
    *("ada", "ada@example.net,*", "*@*", "a*@example.net", "@example.net", "ada@", "ada@example..net", ","),
    *("Ada Lovelace <ada@example.net>", "ada@example.net bob@example.net", "\u212aay@example.net"),
    "a" * 250 + "@example.net",
)
SIGNIN = {
    "PUBLIC_URL": "https://console.example.net",
    "OAUTH_CLIENT_ID": "id",
    "OAUTH_CLIENT_SECRET": "s3cret",
    "OAUTH_OPERATORS": "ada@example.net",
}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"OAUTH_CLIENT_ID": ""}, "belong together"),
        ({"OAUTH_CLIENT_SECRET": ""}, "belong together"),
        ({"OAUTH_OPERATORS": ""}, "would let nobody in"),
        *(({"OAUTH_OPERATORS": wrong}, "OAUTH_OPERATORS has to be e-mail addresses") for wrong in NO_PEOPLE),
        ({"PUBLIC_URL": ""}, "needs PUBLIC_URL"),
        ({"PUBLIC_URL": "console.example.net"}, "https://"),
    ],
)
def test_sign_in_that_could_not_work_is_refused(changed: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        load({"OPERATOR_TOKEN": "t", **SIGNIN, **changed})
    assert len(caught.value.problems) == 1
    assert "s3cret" not in str(caught.value)


def test_half_of_sign_in_is_told_as_that_and_by_its_own_name() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"OAUTH_CLIENT_SECRET": "s3cret", "LISTEN": "0.0.0.0:80"})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET belong together",
        "OAUTH_CLIENT_SECRET is set and sign-in would let nobody in",
        "OAUTH_CLIENT_SECRET needs PUBLIC_URL",
    ]


def test_sign_in_guards_a_console_as_a_token_does() -> None:
    settings = load({**SIGNIN, "LISTEN": "0.0.0.0:8080", "AGENT_TOKENS": "a=b", "ALLOWED_HOSTS": "c.example"})
    assert settings.has_signin
    assert settings.warnings == ()
    assert "s3cret" not in repr(settings)
    assert load({**SIGNIN, "OAUTH_OPERATORS": "", "OAUTH_VIEWERS": "*@Example.NET"}).oauth_viewers == ("*@example.net",)
    assert (
        load({**SIGNIN, "OAUTH_ISSUER": "http://localhost:9000/realm/"}).oauth_issuer == "http://localhost:9000/realm/"
    )


def test_what_lets_everybody_in_is_warned_of() -> None:
    (warning,) = load({**SIGNIN, "OAUTH_OPERATORS": "*@GMail.com, ada@gmail.com"}).warnings
    assert "OAUTH_OPERATORS has *@gmail.com" in warning
    (warning,) = load({**SIGNIN, "PUBLIC_URL": "http://console.example.net"}).warnings
    assert "plain http" in warning
    assert load({**SIGNIN, "PUBLIC_URL": "http://localhost:8080"}).warnings == ()


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    file = dotenv(tmp_path, "OPERATOR_TOKN=s3cret\nLISTEN=x\n")
    with pytest.raises(SettingsError) as caught:
        load({"WS_INTERVAL_SEC": "-1", "TLS_CERT": "cert.pem"}, file)
    assert len(caught.value.problems) == 4
    assert "OPERATOR_TOKN" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "beside",
    [{"AGENT_TOKENS": "a=b"}, {"LISTEN": "0.0.0.0:8080"}, {"PUBLIC_URL": "https://a.example"}],
    ids=lambda one: next(iter(one)),
)
def test_a_malformed_operator_token_is_not_told_as_a_missing_one(beside: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"OPERATOR_TOKEN": "two words", **beside})
    assert caught.value.problems == ("OPERATOR_TOKEN has to be printable ASCII without spaces and commas",)


def test_one_token_cannot_be_two(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="share a token"):
        load({"OPERATOR_TOKEN": "same", "AGENT_TOKENS": "a=same"})


def test_a_name_that_is_set_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"line 2 of \.env sets a name again"):
        load({}, dotenv(tmp_path, "OPERATOR_TOKEN=a\nOPERATOR_TOKEN=\n"))


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load({}, tmp_path / ".env")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"OPERATOR_TOKEN=\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load({}, path)


def test_a_network_listener_is_allowed_once_something_guards_it() -> None:
    assert load({"LISTEN": "0.0.0.0:8080", "OPERATOR_TOKEN": "t"}).listen == Listen("0.0.0.0", 8080)


def test_secrets_do_not_show() -> None:
    shown = repr(load({"OPERATOR_TOKEN": "s3cret-1", "AGENT_TOKENS": "a=s3cret-2", "METRICS_TOKEN": "s3cret-3"}))
    assert "s3cret" not in shown


def test_the_example_file_documents_every_setting_and_is_the_defaults() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"^([A-Z_]+)=", text, re.MULTILINE) == list(NAMES)
    assert load({}, ROOT / ".env.example") == Settings()
    blocks = [block for block in text.split("\n\n") if "=" in block]
    assert all(block.startswith("#") for block in blocks)
