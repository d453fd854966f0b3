"""Fleet text: the table of hosts at any width, and what is said below it."""

import dataclasses

from featray.planning.fleet_plan import FleetPlan, HostFigures, HostShare
from featray.rendering import fleet_text
from tests.support.plans import make_host

FIGURES = HostFigures(units=6, done=0, left=18, invocations=6, time_s=1207.0, time_max_s=44444.0)


def make_fleet(hosts: int = 1, price: float | None = None, *, most_s: float = FIGURES.time_max_s) -> FleetPlan:
    figures = dataclasses.replace(FIGURES, time_max_s=most_s)
    shares = tuple(
        HostShare(host=make_host(f"node-{number:04}"), devices=("a",), figures=figures, price_per_hour=price)
        for number in range(hosts)
    )
    return FleetPlan(
        sweep="demo",
        run_id="demo-1",
        cells=6,
        shares=shares,
        idle=(),
        refusals=(),
        lacks=(),
        remarks=(),
        unknown_prices=(),
        has_prices=price is not None,
        is_shared_out=False,
    )


def test_columns_that_say_nothing_are_left_out() -> None:
    assert fleet_text.table(make_fleet())[0] == "host       devices  units  left         time      at most"
    short = "host       devices  units  left         time"
    assert fleet_text.table(make_fleet(most_s=1207.0))[0] == short
    assert fleet_text.table(dataclasses.replace(make_fleet(), cells_of_unknown_time=1))[0] == short  # no most is known


def test_prices_stand_below_each_host_where_the_line_is_too_narrow() -> None:
    fleet = make_fleet(2, price=12.5)
    heading, *lines = fleet_text.table(fleet, width=80)
    assert heading == "host       devices  units  left         time      at most"
    assert lines[:2] == [
        "node-0000        1      6    18  20 min 07 s  12 h 20 min",
        "    price/h 12.50, cost 4.19, at most 154.32",
    ]
    assert len(lines) == 4
    wide = fleet_text.table(fleet)
    assert len(wide) == 3
    assert wide == fleet_text.table(fleet, width=len(wide[0]))


def test_no_line_of_the_table_is_wider_than_eighty_columns() -> None:
    for fleet in (make_fleet(30), make_fleet(30, price=12.5), make_fleet(30, price=12.5, most_s=1207.0)):
        assert max(map(len, fleet_text.table(fleet, width=80))) <= 80


def test_the_hosts_that_are_not_shown_are_counted() -> None:
    assert fleet_text.table(make_fleet(23))[-1] == "and 3 more hosts, which end no later; --all lists them"
    assert len(fleet_text.table(make_fleet(23), None)) == 24
