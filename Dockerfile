# The image of noroshi, and with `--target blackbox`, `--target alertmanager` or `--target kube-state-metrics` the ones that stand in for
# blackbox_exporter's, Alertmanager's and kube-state-metrics'.
#
#   docker build -t noroshi .
#   docker build -t noroshi-blackbox --target blackbox .
#   docker build -t noroshi-alertmanager --target alertmanager .
#   docker build -t noroshi-kube-state-metrics --target kube-state-metrics .
#
# Nothing is in it but the binary, the two libraries it is linked with, the authorities' certificates and who the user is:
# no shell, no package manager. It needs no capability and no root; only
# what stands in for Alertmanager has a folder to write to, `/alertmanager`.
#
# The last stage starts from scratch rather than from a distroless image: what is shipped comes from one base that is named
# below, and `make image-test` can build the very same image where no registry is reached. The packages' records are kept
# under /var/lib/dpkg/status.d, where scanners look for them in distroless images too.

# Debian with glibc, gcc and the Rust that Cargo.toml asks for. By tag and not by digest, so that it gets Debian's fixes. A build that is to be repeated says `--build-arg RUST_IMAGE=docker.io/library/rust@sha256:...`.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm

FROM ${RUST_IMAGE} AS build
ARG TARGETARCH
# build.rs takes the commit from here, for there is no repository in the build.
ARG REVISION=unknown
WORKDIR /src
COPY . .
# What an earlier build left in the cache may be younger than these files without being made from them: hence the touch.
RUN --mount=type=cache,id=noroshi-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=noroshi-target-${TARGETARCH},sharing=locked,target=/src/target \
    find src build.rs -exec touch {} + \
    && CARGO_HOME=/usr/local/cargo NOROSHI_REVISION="${REVISION}" cargo build --locked --release --bin noroshi \
    && install -D target/release/noroshi /root-of-image/bin/noroshi

# The libraries, whose licences and records come with them. The same files make the same layer, whenever it is built.
ARG SOURCE_DATE_EPOCH=0
RUN set -eu; \
    cd /root-of-image; \
    ldd bin/noroshi | grep -o '/[^ ]*' | xargs -I '{}' cp -L --parents '{}' .; \
    mkdir -p etc/ssl/certs var/lib/dpkg/status.d; \
    cp -L /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/; \
    cp -L /etc/os-release etc/; \
    for package in libc6 libgcc-s1 ca-certificates; do \
        dpkg-query -s "$package" >"var/lib/dpkg/status.d/$package"; \
        cp --parents "/usr/share/doc/$package/copyright" .; \
    done; \
    install -D -m 644 /src/LICENSE usr/share/doc/noroshi/copyright; \
    echo 'root:x:0:0:root:/:/sbin/nologin' >etc/passwd; \
    echo 'noroshi:x:65532:65532:noroshi:/:/sbin/nologin' >>etc/passwd; \
    printf 'root:x:0:\nnoroshi:x:65532:\n' >etc/group; \
    echo 'hosts: files dns' >etc/nsswitch.conf; \
    ln -s noroshi bin/blackbox_exporter; \
    ln -s noroshi bin/alertmanager; \
    ln -s bin/noroshi kube-state-metrics; \
    mkdir -p /storage; \
    find . -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM scratch AS base
COPY --from=build /root-of-image/ /
USER 65532:65532
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="noroshi" \
      org.opencontainers.image.description="Checks HTTP, TCP, DNS, ping, gRPC, WebSocket, TLS and Unix socket targets and exposes state, latency and the reason of every failure to Prometheus" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"

# In the place of prom/blackbox-exporter: the same entry point, arguments, port and modules.
FROM base AS blackbox
LABEL org.opencontainers.image.title="noroshi blackbox" \
      org.opencontainers.image.description="A drop-in for blackbox_exporter: the same flags, configuration, /probe and metrics"
COPY charts/noroshi/files/blackbox.yml /etc/blackbox_exporter/config.yml
EXPOSE 9115
ENTRYPOINT ["/bin/blackbox_exporter"]
CMD ["--config.file=/etc/blackbox_exporter/config.yml"]

# In the place of prom/alertmanager: the same entry point, arguments, port, configuration and storage.
FROM base AS alertmanager
LABEL org.opencontainers.image.title="noroshi alertmanager" \
      org.opencontainers.image.description="A drop-in for Alertmanager: the same flags, configuration and API; what it acknowledged is on disk"
COPY charts/noroshi/files/alertmanager.yml /etc/alertmanager/alertmanager.yml
COPY --from=build --chown=65532:65532 /storage/ /alertmanager/
EXPOSE 9093
VOLUME ["/alertmanager"]
WORKDIR /alertmanager
ENTRYPOINT ["/bin/alertmanager"]
CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]

# In the place of registry.k8s.io/kube-state-metrics/kube-state-metrics: the same entry point, arguments and ports.
FROM base AS kube-state-metrics
LABEL org.opencontainers.image.title="noroshi kube-state-metrics" \
      org.opencontainers.image.description="A drop-in for kube-state-metrics: the same flags, series and ports"
EXPOSE 8080 8081
ENTRYPOINT ["/kube-state-metrics", "--port=8080", "--telemetry-port=8081"]

FROM base AS noroshi
EXPOSE 10070
ENTRYPOINT ["/bin/noroshi"]
