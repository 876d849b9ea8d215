# The images of docker-compose.yml, one target each. Every base is pinned to a release; docs/STACK.md says how to pin the
# digests too, and how to build where there is internet and run where there is none.

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY collectors collectors
COPY dashboards dashboards
COPY docs docs
COPY pipeline pipeline
COPY schema schema
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/tiendo ./cmd/tiendo

# The program with a ClickHouse server beside it: what docker-compose.yml runs. No shell, no package manager.
FROM gcr.io/distroless/base-debian12:nonroot@sha256:7f0c72cd138b442ae0deeb69c08b1acf5525439ba251a49ad93c320a061567e5 AS tiendo
COPY --from=build /out/tiendo /usr/local/bin/tiendo
WORKDIR /tmp
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/tiendo"]
CMD ["serve", "--listen", "0.0.0.0:8080"]

# The same program with ClickHouse inside (566 MB): `docker run --rm -p 127.0.0.1:8080:8080 IMAGE` is the demo, alone.
FROM node:22.20.0-bookworm-slim AS engine
WORKDIR /engine
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM tiendo AS embedded
COPY --from=engine /engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so /usr/local/lib/libchdb.so
ENV TIENDO_ENGINE_LIB=/usr/local/lib/libchdb.so
CMD ["demo", "--listen", "0.0.0.0:8080", "--data", "/tmp/tiendo-data"]

# The server as it comes, with a place for backups that its user may write to.
FROM clickhouse/clickhouse-server:26.7.3.19 AS clickhouse
RUN install -d -o 101 -g 101 -m 0750 /backups
USER 101:101
ENTRYPOINT ["/usr/bin/clickhouse-server", "--config-file=/etc/clickhouse-server/config.xml"]

# Grafana with the data source plugin in the image: it starts with no internet, and everywhere with the same plugin.
FROM grafana/grafana:12.4.10 AS grafana
USER root
RUN grafana cli --pluginsDir /usr/share/grafana/plugins-tiendo plugins install grafana-clickhouse-datasource 4.20.0
ENV GF_PATHS_PLUGINS=/usr/share/grafana/plugins-tiendo
USER 472:0
