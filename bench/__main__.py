"""All reports, one after the other: `make bench`."""

from bench import conversion, delivery, transcoder, users

for report in (conversion, transcoder, users, delivery):
    report.main()
