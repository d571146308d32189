"""Reading manifests: fields with their faults, the CRDs' schemas and rules, documents in files."""
