"""What pricing ten million invoices costs, as a ratio to reading them."""

import os
import statistics
import subprocess
import sys
from datetime import date
from pathlib import Path
from time import perf_counter, process_time

import duckdb

from rak_billing.bulk.duckdb_engine import duckdb_engine
from rak_billing.bulk.invoice_columns import InvoiceColumns
from rak_billing.bulk.simulation import simulate
from rak_billing.fees.tariff import Tariff

INVOICES = 10_000_000
ROUNDS = 5
MEMORY = "512MB"
RAK_2018 = Tariff.preset("rak-2018")
COLUMNS = InvoiceColumns(on=date(2018, 9, 10))


def generate(folder: Path) -> Path:
    """Write amounts of up to 5000 DH, the same in every run."""
    path = folder / "invoices.parquet"
    rows = f"SELECT (hash(i) % 500000)::BIGINT AS amount, 'moroccan' AS card FROM range({INVOICES}) AS t(i)"
    duckdb.sql(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
    return path


def seconds(call, clock=perf_counter) -> float:
    start = clock()
    call()
    return clock() - start


def peak_megabytes(path: Path) -> float:
    """Run the command by itself, and ask the system for the most that it held."""
    words = ["fees", "simulate", "--tariff", "rak-2018", "--on", "2018-09-10", "--memory", MEMORY, str(path)]
    program = "from rak_billing.cli import main; main()"
    child = subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert 0 == child.returncode
    return usage.ru_maxrss / 1024


def test_ten_million_invoices(benchmark, measured, tmp_path):
    """Totals in one pass, as a ratio to a bare sum of the same column; beside it a row for each payment, and the peak."""
    path = generate(tmp_path)
    with duckdb_engine(MEMORY) as engine:
        table = engine.table(path)

        def price():
            return simulate(engine, RAK_2018, path, COLUMNS)

        def scan():
            return engine.rows("SELECT sum(amount) FROM invoice_file", table)

        ((total,),) = scan()
        (totals,) = benchmark.pedantic(price, rounds=1, iterations=1).rules
        assert (INVOICES, total) == (totals.payments, totals.total)
        # Of all threads together: the other clock also measures whoever else is at work.
        for name, clock in (("processor time", process_time), ("time", perf_counter)):
            ratios = [seconds(price, clock) / seconds(scan, clock) for _ in range(ROUNDS)]
            measured(
                f"10 million invoices, totals / bare sum, {name}", statistics.median(ratios), aim="under 4"
            )
        output = tmp_path / "fees.parquet"
        write = seconds(lambda: simulate(engine, RAK_2018, path, COLUMNS, output)) / seconds(scan)
        measured("10 million invoices, a row for each and totals / bare sum", write, aim="reported")
    measured(
        "10 million invoices, peak of the command, MB", peak_megabytes(path), aim=f"near {MEMORY} or less"
    )
