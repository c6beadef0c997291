"""Find traces with a filter, then ask anything else in SQL."""

import contextlib

import genaiops


@genaiops.trace
def divide(a: float, b: float) -> float:
    return a / b


for team, b in (("red", 2), ("red", 0), ("blue", 0)):
    with contextlib.suppress(ZeroDivisionError), genaiops.start_span("request"):
        genaiops.update_current_trace(tags={"team": team})
        divide(1, b)

for trace in genaiops.search_traces("status = 'error' AND tags.team = 'red'"):
    print(f"failed for team red: {trace.spans[-1].name}({trace.spans[-1].inputs})")

table = genaiops.sql(
    "SELECT name, count(*) AS calls, count(*) FILTER (status = 'error') AS errors "
    "FROM spans GROUP BY name ORDER BY name"
)
print(table.columns)
for row in table.rows:
    print(row)
