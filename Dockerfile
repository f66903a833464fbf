FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ARG REVISION=unknown
# timetzdata: the time zones are inside the program, so that TZ works in an image with no files.
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=${VERSION} -X github.com/prometheus/common/version.Revision=${REVISION}" \
    -o /prober .

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="prober" \
      org.opencontainers.image.description="Fires scheduled bursts of HTTP requests and serves latencies and error codes to Prometheus" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /prober /prober
# A number, so that Kubernetes can tell without a password file that it is not root.
USER 65532:65532
EXPOSE 10115
# There is no shell and no curl in here. It asks on loopback, also over TLS.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/prober", "health"]
ENTRYPOINT ["/prober"]
# In a container loopback reaches nobody: the default of the program is too narrow here.
CMD ["run", "--config.file=/etc/prober/prober.yml", "--web.listen-address=:10115"]
