"""The wire of AWS, driven by botocore's own service models: routes, parsing, validation, answers."""
