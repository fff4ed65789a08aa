"""All reports, one after the other: `make bench`."""

from bench import conversion, delivery, transcoder, users

for report in (transcoder, conversion, users, delivery):
    report.main()
