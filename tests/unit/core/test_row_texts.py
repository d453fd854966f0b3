"""Row texts: what becomes of long texts, and of texts that UTF-8 cannot carry."""

import json

from featray.core import row_texts


def test_a_long_line_keeps_its_ends_and_says_how_much_is_left_out() -> None:
    line = "ValueError: " + "m" * 10_000 + " cause"
    short = row_texts.cut(line, 500)
    assert len(short) <= 500
    assert short.startswith("ValueError: mmm")
    assert short.endswith("mmm cause")
    assert "[9,568 characters left out]" in short  # of 10,018; 450 are kept


def test_the_tail_of_a_text_is_its_last_lines() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 31))
    assert row_texts.tail(text).splitlines() == [f"line {number}" for number in range(11, 31)]


def test_the_tail_of_many_lines_and_of_a_long_one_has_at_most_ten_thousand_characters() -> None:
    for text in ("m\n" * 1_000_000, "m" * 1_000_000, f"{'m' * 5000}\n" * 100, "10%\r" * 100_000):
        assert len(row_texts.tail(text)) <= row_texts.TAIL_LINES * (row_texts.LINE_LENGTH + 1)


def test_what_is_shortened_already_stays_as_it_is() -> None:
    once = row_texts.tail(f"{'m' * 5000}\n" * 100)
    assert row_texts.tail(once) == once
    reason = row_texts.bounded("reason", "m" * 100_000)
    assert row_texts.bounded("reason", reason) == reason


def test_characters_that_utf_8_cannot_carry_become_escapes() -> None:
    assert row_texts.bounded("reason", "caf\udce9/w.pt") == r"caf\udce9/w.pt"
    assert row_texts.bounded("stderr_tail", "caf\udce9/w.pt") == r"caf\udce9/w.pt"
    assert row_texts.bounded("work", {"a\udce9": '"\udce9"'}) == {r"a\udce9": r'"\udce9"'}


def test_long_settings_become_digests_that_differ_where_they_do() -> None:
    work = {"short": '"1"', "one": "1" * 1_500_000, "two": "2" * 1_500_000}
    bounded = row_texts.bounded("work", work)
    assert bounded["short"] == '"1"'
    assert json.loads(bounded["one"]).endswith("of 1,500,000 characters")
    assert bounded["one"] != bounded["two"]
    assert row_texts.bounded("work", bounded) == bounded


def test_the_digests_of_thousands_of_images_stay_as_they_are() -> None:
    work = {"input_sha256": json.dumps(["0" * 64] * 20_000)}
    assert row_texts.bounded("work", work) == work


def test_a_map_has_no_more_entries_than_a_row_can_carry() -> None:
    summary = {f"column {number}": [1.0, 0.0, 2.0] for number in range(10_000)} | {"n" * 10_000: [0.0]}
    assert len(row_texts.bounded("output_summary", summary)) == row_texts.ENTRIES
    assert [len(name) <= 200 for name in row_texts.bounded("output_summary", {"n" * 10_000: [0.0]})] == [True]


def test_settings_beyond_those_that_a_row_can_carry_become_one_digest() -> None:
    settings = {f"setting {number:05}": str(number) for number in range(5000)}
    bounded = row_texts.bounded("work", settings)
    assert list(bounded)[-2:] == ["setting 01998", "3,001 more"]
    assert row_texts.bounded("work", settings | {"setting 04999": "other"}) != bounded
    assert row_texts.bounded("work", bounded) == bounded


def test_short_texts_and_numbers_stay() -> None:
    for value in ("plain", 3, 1.5, None, True, [1.0], {"a": 1.0}):
        assert row_texts.bounded("reason", value) == value
