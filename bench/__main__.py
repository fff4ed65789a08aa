"""All reports, one after the other: `make bench`."""

from bench import conversion, delivery, users

for report in (conversion, users, delivery):
    report.main()
