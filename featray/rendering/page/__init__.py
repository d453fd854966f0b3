"""Page: a report as one HTML page that needs no network. `html` puts it together of `tables` and `plots`."""
