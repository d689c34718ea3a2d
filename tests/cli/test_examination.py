"""`digest doctor` by hand: what it finds, in order, as JSON."""

READERS = "address,name\nada@example.com,Ada\nnoor@example.com,Noor\nzoe@example.com,Zoë\n"
CONSENT = ("--newsletter", "morning", "--consent", "asked at the fair, 2026-11-01")


def examined(desk, *, per_day: int = 0) -> dict[str, dict[str, str]]:
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace("[mail]\n", f"[mail]\nper_day = {per_day}\n"), encoding="utf-8")
    (desk.folder / "people.csv").write_text(READERS, encoding="utf-8")
    assert desk.digest("subscribers", "import", "people.csv", *CONSENT).code == 0
    document = desk.digest("doctor", "--json").json
    (findings,) = [value for value in document.values() if isinstance(value, list)]
    return {finding["what"]: finding for finding in findings}


def test_database_readers_and_provider_are_looked_at(desk) -> None:
    found = examined(desk)
    assert found["database"]["level"] == "good"
    assert "3 active subscribers" in found["newsletter morning"]["says"]
    assert "sends nothing out" in found["provider"]["says"]
    assert "per_day" not in found


def test_a_cap_below_the_list_is_a_warning(desk) -> None:
    found = examined(desk, per_day=2)
    assert found["per_day"]["level"] == "warning"
    assert "morning takes 2 days" in found["per_day"]["says"]
