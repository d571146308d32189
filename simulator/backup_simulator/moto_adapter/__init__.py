"""The one place that touches moto, pinned to one version: mounted for services with resources, apart per simulator."""
