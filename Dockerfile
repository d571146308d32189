# The operator's image: a wheel and its pinned dependencies on a slim Python; no compiler, no pip, no simulator.
# Works with a read-only root filesystem; /tmp is the only place it may want to write to.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /src
COPY requirements/ requirements/
# Every distribution is checked against the hashes of the locks. The build backend and what it needs stand in the
# development lock, where each entry names those that ask for it.
RUN python -m venv --without-pip /opt/crossvault \
 && pip --python /opt/crossvault/bin/python install --require-hashes --only-binary=:all: -r requirements/runtime.lock \
 && awk '/^[a-z0-9].*==/ {if (e ~ /(^hatchling==| hatchling\n)/) printf "%s", e; e = ""} {e = e $0 "\n"}' \
      requirements/dev.lock > /opt/backend.lock \
 && python -m venv --without-pip /opt/backend \
 && pip --python /opt/backend/bin/python install --require-hashes --only-binary=:all: -r /opt/backend.lock
COPY LICENSE README.md pyproject.toml ./
COPY crds/ crds/
COPY operator/ operator/
RUN /opt/backend/bin/python -m hatchling build --target wheel --directory /dist \
 && pip --python /opt/crossvault/bin/python install --no-deps /dist/crossvault-*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="crossvault" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/crossvault /opt/crossvault
# glibc keeps what threads have freed in as many heaps as there are threads, and large blocks too once it has seen one:
# with these a million recovery points take a fifth less memory (docs/performance.md).
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
# HOME is where botocore and the Kubernetes client look for files; a home of its own this user does not have.
ENV PATH=/opt/crossvault/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["crossvault"]
