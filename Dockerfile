# Sohoa in one image: web, workers, command line. Build: buildah bud --format docker -t sohoa .
# (the docker format keeps HEALTHCHECK; the OCI default drops it)
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates python3 python3-venv python3-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
RUN python3 -m venv /opt/sohoa \
    && /opt/sohoa/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r constraints.txt \
    && /opt/sohoa/bin/python -m pip install --no-cache-dir "hatchling>=1.27"
COPY script script
COPY service service
COPY ocr ocr
COPY storage storage
COPY workflows workflows
COPY scanner_drivers scanner_drivers
# Node comes from PyPI for this one step: Debian's npm brings hundreds of packages
RUN SOHOA_WITHOUT_NODE=1 script/assets \
    && /opt/sohoa/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/sohoa/bin/python -m pip uninstall -y hatchling

FROM ${BASE_IMAGE}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates python3 poppler-utils qpdf tesseract-ocr tesseract-ocr-vie tesseract-ocr-osd \
      fonts-croscore fonts-noto-core icc-profiles-free bubblewrap sane-utils libgl1 libglib2.0-0 openssl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /var/lib/sohoa --shell /usr/sbin/nologin sohoa
COPY --from=build /opt/sohoa /opt/sohoa
ENV PATH=/opt/sohoa/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    OMP_THREAD_LIMIT=1 \
    PYTHONUNBUFFERED=1 \
    SOHOA_DATA_DIR=/var/lib/sohoa \
    SOHOA_HOST=0.0.0.0 \
    SOHOA_PORT=8000
USER 10001
WORKDIR /var/lib/sohoa
VOLUME /var/lib/sohoa
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["sohoa", "doctor", "--ready"]
ENTRYPOINT ["sohoa"]
CMD ["serve"]
