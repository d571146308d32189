"""What tests share: worlds, manifests, stand-ins and ways to look; one module for each."""
