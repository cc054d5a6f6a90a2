use std::{fmt, str::FromStr};

use super::Verdict;

/// What `noroshi explain` says of a word; the docs, the terminal and the API show the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// What usually causes it, the likeliest first.
    pub causes: &'static [&'static str],
    /// What to do next.
    pub next: &'static [&'static str],
}

/// One row per reason: the variant, its word, what it means, likely causes, next steps.
macro_rules! reasons {
    ($($variant:ident $word:literal $meaning:literal [$($cause:literal),+ $(,)?] [$($next:literal),+ $(,)?])+) => {
        /// Why a run did not pass. A closed vocabulary: the same words in metrics, logs, API and terminal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word, snake_case.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What to tell a person who meets it.
            pub const fn explanation(self) -> Explanation {
                match self { $(Self::$variant => Explanation {
                    meaning: $meaning, causes: &[$($cause),+], next: &[$($next),+],
                },)+ }
            }
        }
    };
}

reasons! {
    TargetInvalid "target_invalid" "What was to be probed is no target of this kind of check."
        ["a URL where `host:port` is wanted, or the other way round", "the port is missing", "relabelling filled `__param_target` with the wrong label"]
        ["the detail says what is wanted", "compare the target with the module's prober"]
    ModuleInvalid "module_invalid" "No probe of this module can pass: its file is accepted, as blackbox_exporter accepts it, but it asks for what cannot be."
        ["the detail names the field", "DNS over TLS with UDP, a source address that is none, a file that is not there"]
        ["noroshi blackbox --config.check --config.file=FILE warns of it"]
    DnsNxdomain "dns_nxdomain" "The target's name does not exist."
        ["a typo in the name", "the record was removed or the domain has expired", "a search domain or a private zone that this name server does not know"]
        ["ask the same name server: dig NAME", "set `dns_server` if the name lives in a private zone"]
    DnsNoAddress "dns_no_address" "The name exists, but has no address of a permitted family."
        ["only AAAA records while IPv6 is excluded, or only A records", "the name has other records only"]
        ["dig NAME A and dig NAME AAAA", "check `preferred_ip_protocol` and `ip_protocol_fallback`"]
    DnsTimeout "dns_timeout" "The name server did not answer in time."
        ["the name server is down or unreachable", "a firewall drops port 53", "the whole deadline is shorter than the resolver's round trip"]
        ["dig @SERVER NAME", "compare the phase `dns` of other checks that use the same server"]
    DnsServfail "dns_servfail" "The name server answered SERVFAIL."
        ["DNSSEC validation failed", "the zone's own name servers do not answer"]
        ["dig NAME, then dig +cd NAME: if only the second works, DNSSEC is broken"]
    DnsRefused "dns_refused" "The name server refused the question."
        ["it does not serve this network, or not recursively"]
        ["check the server's access list, or set another `dns_server`"]
    DnsFailed "dns_failed" "The name could not be resolved for another reason."
        ["the answer was malformed", "the name server could not be reached", "the name is not a valid one"]
        ["run `noroshi probe` on the target: the detail holds the resolver's words"]
    ConnectRefused "connect_refused" "The target's host refused the connection."
        ["nothing listens on this port", "a firewall rejects it", "the service listens on another address, such as localhost only"]
        ["on the host: ss -ltn", "check the port in the check"]
    ConnectTimeout "connect_timeout" "The connection was not accepted in time."
        ["a firewall drops packets", "the host is down or the route is broken", "the listen queue is full"]
        ["traceroute to the address", "try from another network: a refusal would answer at once, silence is usually a filter"]
    ConnectUnreachable "connect_unreachable" "There is no route to the target."
        ["IPv6 is preferred but there is no IPv6 here", "a router answered unreachable", "the local interface is down"]
        ["ip route get ADDRESS", "try `preferred_ip_protocol = \"ip4\"`"]
    ConnectReset "connect_reset" "The connection was reset by the other side."
        ["the service crashed or closed in the middle of the exchange", "a middlebox or a load balancer cut it"]
        ["look into the service's log at the time of the run"]
    ConnectionClosed "connection_closed" "The connection was closed before the answer was complete."
        ["the service closed early", "an idle timeout on a load balancer is shorter than the answer takes", "plain text was spoken to a TLS port, or the other way round"]
        ["compare with `noroshi probe --check NAME`", "look into the service's log"]
    SendTimeout "send_timeout" "The request could not be written in time."
        ["the other side does not read", "a large body on a slow line"]
        ["raise `timeout`, or look at the service's load"]
    WaitTimeout "wait_timeout" "The answer did not begin in time."
        ["the service is overloaded or waits for something itself", "it waits for more of the request", "the port speaks another protocol"]
        ["the service's own latency metrics", "raise `timeout` if this is its normal pace"]
    ReceiveTimeout "receive_timeout" "The answer began, but did not end in time."
        ["a slow or endless body", "a stalled stream behind a proxy"]
        ["fetch the same with curl -v and watch where it stops"]
    TlsTimeout "tls_timeout" "The TLS handshake did not end in time."
        ["the port does not speak TLS", "the server is overloaded", "a middlebox swallows large handshake messages"]
        ["openssl s_client -connect HOST:PORT"]
    TlsExpired "tls_expired" "A certificate of the chain has expired."
        ["the renewal failed", "the new certificate was not loaded: the service was not restarted", "an old intermediate is still sent"]
        ["noroshi_tls_not_after_timestamp_seconds shows which position of the chain", "renew it and reload the service"]
    TlsNotYetValid "tls_not_yet_valid" "A certificate of the chain is not valid yet."
        ["this machine's clock is wrong", "the certificate was issued for a later start"]
        ["compare the clock with notBefore"]
    TlsUntrusted "tls_untrusted" "The chain does not lead to a trusted root."
        ["self-signed, or a private CA that is not configured here", "the server does not send its intermediate", "a TLS-inspecting proxy is in between"]
        ["set `tls.ca_file` to the private CA", "openssl s_client -showcerts: is the intermediate there?"]
    TlsNameMismatch "tls_name_mismatch" "The certificate does not name the target."
        ["the wrong virtual host answered", "the name was not added to the certificate", "SNI is missing or wrong"]
        ["compare the names in the detail with the target", "set `tls.server_name` if it differs on purpose"]
    TlsRevoked "tls_revoked" "A certificate of the chain has been revoked."
        ["its key was lost or replaced"]
        ["issue a new certificate"]
    TlsUnsupportedVersion "tls_unsupported_version" "There is no TLS version both sides speak."
        ["the server speaks TLS 1.0 or 1.1 only", "`tls.min_version` or `tls.max_version` excludes what it speaks"]
        ["openssl s_client -tls1_2", "update the server's TLS configuration"]
    TlsClientCertificate "tls_client_certificate" "The server refused our client certificate, or wants one."
        ["no `tls.cert_file` is set", "it was issued by another CA", "it has expired"]
        ["openssl s_client -cert -key to the same port"]
    TlsHandshake "tls_handshake" "The TLS handshake failed."
        ["the port does not speak TLS", "no cipher in common", "the server sent an alert"]
        ["the detail names the alert", "openssl s_client -connect HOST:PORT"]
    TlsExpiresSoon "tls_expires_soon" "A certificate is valid for less time than expected."
        ["the renewal has not run, or fails quietly"]
        ["look at the issuer's log, renew by hand if in doubt"]
    TlsMismatch "tls_mismatch" "The TLS parameters or the certificate are not the expected ones."
        ["the server's TLS configuration changed", "a certificate of another issuer or for other names was installed", "a TLS-inspecting proxy is in between"]
        ["`noroshi probe --check NAME` shows wanted and got", "noroshi_tls_info shows what is negotiated"]
    ProxyFailed "proxy_failed" "The proxy could not be used."
        ["it refused CONNECT", "it wants credentials", "it cannot reach the target"]
        ["the detail holds the proxy's status line", "curl -x PROXY URL"]
    TokenFailed "token_failed" "The OAuth2 server gave no access token."
        ["the client's secret is wrong or has expired", "the scope or the grant is not permitted to this client", "the token endpoint is down or slow"]
        ["the detail holds the server's status or what broke the connection", "curl -u ID:SECRET -d grant_type=client_credentials TOKEN_URL"]
    HttpProtocol "http_protocol" "The answer is not valid HTTP."
        ["the port speaks another protocol", "TLS is expected: use https", "a broken server or middlebox"]
        ["curl -v shows the raw answer"]
    HttpStatus "http_status" "The status code is not an expected one."
        ["5xx: the service or what is behind it fails", "4xx: the path, the method or the credentials", "3xx: redirects are not followed by this check"]
        ["the service's log at the time of the run", "adjust `expect.status` if the answer is right"]
    HttpRedirect "http_redirect" "A redirect could not be followed."
        ["a loop, or more redirects than `redirects.limit`", "no Location header, or not a usable one"]
        ["curl -sIL URL lists the hops"]
    HttpVersion "http_version" "The protocol version is not an expected one."
        ["HTTP/2 was not negotiated: no ALPN on the server or a proxy in between"]
        ["openssl s_client -alpn h2"]
    HeaderMismatch "header_mismatch" "A header of the answer is not as expected."
        ["the answer comes from another layer (cache, WAF, error page)", "a release changed it"]
        ["`noroshi probe --check NAME` shows wanted and got"]
    BodyMismatch "body_mismatch" "The body is not as expected."
        ["an error or maintenance page with status 200", "a release changed the text"]
        ["`noroshi probe --check NAME` shows wanted and got"]
    BodyTooLarge "body_too_large" "The body is larger than the check permits."
        ["the wrong resource is probed", "a decompression bomb", "`body_size_limit` is too small"]
        ["probe a small health endpoint", "raise the limit if the size is right"]
    BodyEncoding "body_encoding" "The body could not be decompressed."
        ["a proxy changed the body but not its Content-Encoding", "the encoding was not asked for"]
        ["curl --compressed -v URL"]
    JsonInvalid "json_invalid" "The body is not JSON."
        ["an HTML error page instead of the API's answer"]
        ["curl URL and look at the first line"]
    JsonMismatch "json_mismatch" "A value in the JSON body is not as expected."
        ["the service reports trouble of its own", "the structure of the answer changed"]
        ["`noroshi probe --check NAME` shows wanted and got"]
    CelMismatch "cel_mismatch" "A CEL expression on the JSON body does not hold."
        ["the service reports trouble of its own", "a member it asks for is missing: `has(body.x)` asks first", "an integer where CEL has the double of JSON: write `1.0` beside `+`, or `int(body.x)`"]
        ["`noroshi probe --check NAME` shows the expression and what became of it", "curl URL | jq"]
    LatencyExceeded "latency_exceeded" "The run took longer than expected."
        ["load", "a slow dependency", "a longer network path"]
        ["noroshi_check_phase_duration_seconds shows which phase grew"]
    MetricOutOfBounds "metric_out_of_bounds" "A measured value is outside the bounds of a `warn` rule."
        ["the detail names the value"]
        ["look at the family's graph over the last day"]
    ExpectMismatch "expect_mismatch" "A step of the dialogue did not answer as expected."
        ["another service listens there", "the service greets with an error", "a release changed the text"]
        ["`noroshi probe --check NAME` shows each step"]
    StarttlsRefused "starttls_refused" "The server does not offer or refused STARTTLS."
        ["TLS is switched off there", "the wrong port: implicit TLS needs `tls` and no `starttls`"]
        ["openssl s_client -starttls PROTOCOL -connect HOST:PORT"]
    DnsRcode "dns_rcode" "The response code is not an expected one."
        ["NXDOMAIN: the record is gone", "REFUSED: the server is not authoritative and does not recurse", "SERVFAIL: DNSSEC or the zone's transfer"]
        ["dig @SERVER NAME TYPE"]
    DnsMalformed "dns_malformed" "The answer is not valid DNS, or does not belong to the question."
        ["a middlebox rewrites answers", "another service listens there"]
        ["dig @SERVER NAME TYPE +qr"]
    DnsAnswerMismatch "dns_answer_mismatch" "The records are not the expected ones."
        ["a change that has not reached this server", "the zone was changed, or hijacked"]
        ["dig @SERVER NAME TYPE against each authoritative server"]
    DnsTtl "dns_ttl" "A record's TTL is out of bounds."
        ["it was lowered for a move and forgotten", "a cache answers: TTL counts down"]
        ["ask the authoritative server"]
    DnsCount "dns_count" "A section holds fewer records than expected."
        ["records were removed", "the server strips additional records"]
        ["dig @SERVER NAME TYPE"]
    DnsNotAuthenticated "dns_not_authenticated" "The answer is not marked as authenticated."
        ["the zone is not signed, or the DS record is missing", "the server does not validate"]
        ["delv NAME, or dig +dnssec NAME"]
    DnsNotAuthoritative "dns_not_authoritative" "The answer's authoritative bit is not as expected."
        ["the server does not hold the zone: a delegation points to the wrong host", "the zone failed to load or expired there", "a resolver or a cache answers"]
        ["dig @SERVER NAME +norecurse: look for `aa` among the flags"]
    IcmpNoReply "icmp_no_reply" "No echo reply came."
        ["the host is down", "ICMP is filtered", "the route is broken", "it sent other bytes back than it was sent: a host or middlebox that cuts large packets"]
        ["ping and traceroute from the same machine", "check a TCP port of the host too"]
    IcmpLoss "icmp_loss" "More replies were lost than permitted."
        ["a saturated or failing link", "ICMP rate limits on the way"]
        ["mtr to the target"]
    IcmpJitter "icmp_jitter" "The round-trip times differ from one another more than permitted."
        ["a link under load: queues fill and drain", "a wireless or mobile hop", "the measuring host itself is short of CPU"]
        ["compare noroshi_icmp_jitter_seconds with other targets of this host", "mtr to the target"]
    IcmpTimeExceeded "icmp_time_exceeded" "A router on the way dropped the packet because its hops were used up."
        ["a routing loop", "`ttl` is smaller than the path is long"]
        ["traceroute to the address: a loop repeats", "raise `ttl`"]
    IcmpTooBig "icmp_too_big" "The packet is larger than the path permits."
        ["`dont_fragment` with a size over the path MTU"]
        ["lower `size`, or look for a tunnel on the path"]
    IcmpPermission "icmp_permission" "This process may not send ICMP echo requests."
        ["net.ipv4.ping_group_range leaves our group out, and the capability NET_RAW is missing", "a policy such as seccomp or SELinux forbids the socket", "a local firewall drops outgoing echo requests"]
        ["noroshi probe icmp HOST: its detail has what the kernel said of both kinds of sockets", "host: sysctl -w net.ipv4.ping_group_range='0 2147483647', or setcap cap_net_raw+ep on the binary", "container: docker run --sysctl net.ipv4.ping_group_range='0 2147483647', or --cap-add NET_RAW", "Kubernetes: the pod's securityContext.sysctls with net.ipv4.ping_group_range (a safe sysctl), or the container's capabilities.add NET_RAW"]
    WebsocketUpgrade "websocket_upgrade" "The server did not upgrade to WebSocket."
        ["the wrong path", "a proxy in between that does not pass Upgrade", "missing credentials"]
        ["the detail holds the status", "curl -i -H 'Connection: Upgrade' -H 'Upgrade: websocket' URL"]
    WebsocketSubprotocol "websocket_subprotocol" "The server did not select an offered subprotocol."
        ["it does not know it", "a release renamed it"]
        ["compare with the server's documentation"]
    WebsocketClose "websocket_close" "The connection was closed with an unexpected code."
        ["1008: refused by policy", "1011: the server failed", "1013: try again later"]
        ["the server's log", "adjust `close_codes` if the code is right"]
    WebsocketProtocol "websocket_protocol" "What came over the WebSocket is not WebSocket."
        ["a middlebox changed the frames", "a bug in the server"]
        ["the detail names the rule that was broken"]
    WebsocketPong "websocket_pong" "No pong came for our ping."
        ["the server is stuck", "a proxy answers the upgrade but does not forward frames"]
        ["the server's log at the time of the run"]
    GrpcStatus "grpc_status" "The gRPC call ended with a status other than OK."
        ["UNIMPLEMENTED: the server has no health service", "NOT_FOUND: it knows no service of this name", "UNAVAILABLE: a proxy in front of it finds no server", "UNAUTHENTICATED, PERMISSION_DENIED: `metadata` lacks a credential"]
        ["the detail holds the status and the server's words", "grpcurl -d '{\"service\":\"NAME\"}' HOST:PORT grpc.health.v1.Health/Check"]
    GrpcNotServing "grpc_not_serving" "The health service says that the service is not in an expected state."
        ["the service starts, drains or has lost what it depends on", "its health was never set: UNKNOWN"]
        ["the service's log at the time of the run", "adjust `expect.status` if the answer is right"]
    GrpcProtocol "grpc_protocol" "The answer is not valid gRPC."
        ["a web server or a proxy answers instead", "the message is compressed, too long or not a HealthCheckResponse"]
        ["the detail names the rule that was broken", "check the port: gRPC often has one of its own"]
    ObjectMissing "object_missing" "The Kubernetes object is not there."
        ["it was deleted, or never applied", "a typo in `namespace` or `name`", "no pod has the labels of `selector`"]
        ["kubectl get KIND NAME -n NAMESPACE", "whoever deploys it: look at the last sync or release"]
    ObjectUnreadable "object_unreadable" "The Kubernetes object is there, and what the API server says of it cannot be read."
        ["a custom resource without a schema holds something else than objects do", "a version of the API that is newer than noroshi"]
        ["kubectl get KIND NAME -n NAMESPACE -o json: the log says what could not be read"]
    ReplicasUnavailable "replicas_unavailable" "Fewer replicas or pods are available than wanted."
        ["a rollout whose new pods do not become ready", "pods that crash, wait for a volume or find no node", "a node is gone"]
        ["kubectl get pods -n NAMESPACE, then kubectl describe pod of one that is not ready", "kubectl rollout status KIND/NAME -n NAMESPACE", "lower `available` if fewer will do"]
    ConditionMismatch "condition_mismatch" "A condition of the Kubernetes object has another status than wanted."
        ["its controller met what it cannot mend", "its controller is not running, and nobody updates the status"]
        ["kubectl describe KIND NAME -n NAMESPACE: each condition has a reason and a message", "the log of its controller"]
    FieldMismatch "field_mismatch" "A value in the Kubernetes object is not as wanted."
        ["its controller is at work, or has failed", "the path leads to nothing in this version of the resource"]
        ["kubectl get KIND NAME -n NAMESPACE -o json, and look where `jsonpath` leads"]
    PodRestarts "pod_restarts" "The containers of a pod were restarted more often than permitted."
        ["the process crashes", "it needs more memory than its limit: OOMKilled", "its liveness probe fails"]
        ["kubectl logs --previous POD -n NAMESPACE", "kubectl describe pod POD -n NAMESPACE: the last state has a reason and an exit code"]
    EndpointsNotReady "endpoints_not_ready" "Fewer endpoints of a service are ready than wanted."
        ["its pods are not ready", "its selector matches no pod", "it is scaled to nothing"]
        ["kubectl get endpointslices -n NAMESPACE -l kubernetes.io/service-name=NAME", "compare the service's selector with the labels of the pods"]
    VolumeUnbound "volume_unbound" "The claim has no volume."
        ["no storage class, or none of this name", "its provisioner fails or is not running", "it waits for the first pod that uses it: WaitForFirstConsumer", "the volume it had is lost"]
        ["kubectl describe pvc NAME -n NAMESPACE: the events say what it waits for"]
    NodeNotReady "node_not_ready" "The node is not ready."
        ["its kubelet stopped, or cannot reach the API server", "its network plugin is not up", "it is short of memory, disk or process ids"]
        ["kubectl describe node NAME: its conditions have reasons", "on the node: systemctl status kubelet"]
    JobFailed "job_failed" "The job failed, or the last job of the cron job did."
        ["its pods failed more often than `backoffLimit` permits", "it ran longer than `activeDeadlineSeconds`"]
        ["kubectl get jobs -n NAMESPACE, then kubectl logs job/NAME -n NAMESPACE"]
    SuccessTooOld "success_too_old" "No job has succeeded for longer than permitted."
        ["the jobs fail", "the cron job is suspended, or its schedule is another than thought", "a job that hangs keeps the next one from starting"]
        ["kubectl get cronjob NAME -n NAMESPACE: when it was last scheduled", "compare `max_age_of_success` with its schedule and how long a job takes"]
    BackendMissing "backend_missing" "The ingress leads to a service that is not there."
        ["the service was renamed or deleted", "a typo in the ingress", "it is in another namespace: an ingress reaches only its own"]
        ["kubectl describe ingress NAME -n NAMESPACE", "kubectl get services -n NAMESPACE"]
    ApiUnreachable "api_unreachable" "The Kubernetes API server cannot be reached or does not answer, so nobody knows how the object is."
        ["the API server or the way to it is down", "the address or the CA in the kubeconfig is another cluster's", "it is overloaded"]
        ["kubectl --context CONTEXT get --raw /readyz from where noroshi runs", "noroshi_cluster_up, and noroshi's log"]
    ApiUnauthorized "api_unauthorized" "The Kubernetes API server does not accept our credentials."
        ["the token or the client certificate has expired", "the service account was deleted"]
        ["kubectl auth whoami with the same kubeconfig"]
    ApiForbidden "api_forbidden" "We have no right to list and watch what the check looks at."
        ["no role, or no binding of it, grants `list` and `watch` of this resource in this namespace"]
        ["kubectl auth can-i watch RESOURCE -n NAMESPACE --as=system:serviceaccount:OURS:noroshi", "the detail names the resource: grant `list` and `watch`"]
    ApiNotServed "api_not_served" "The Kubernetes API server has no such resource."
        ["its CustomResourceDefinition is not installed, or was removed", "another version of it is served", "a typo in `resource`"]
        ["kubectl api-resources --api-group=GROUP"]
    ApiNotSynced "api_not_synced" "What the check looks at has not been listed yet."
        ["a large cluster, just after a start", "a slow API server"]
        ["wait; noroshi's log tells if it stays so"]
    DaemonNeeded "daemon_needed" "This kind of check is judged by the daemon alone."
        ["`noroshi probe` was asked for a check of a Kubernetes object, which a watch judges"]
        ["noroshi run, then noroshi list, or /probe?check=NAME"]
    AddressesFailed "addresses_failed" "Too few of the name's addresses passed."
        ["one of several servers behind the name is down"]
        ["the detail names each address and its reason"]
    UnexpectedSuccess "unexpected_success" "The run passed, but the check is inverted."
        ["what should be closed is open"]
        ["close it, or remove `invert`"]
    DeadlineExceeded "deadline_exceeded" "The run did not end before its deadline."
        ["several steps together took too long"]
        ["noroshi_check_phase_duration_seconds shows where the time went", "raise `timeout`"]
    LocalAddress "local_address" "The configured source address cannot be used."
        ["no interface of this machine has it", "it is of another family than the target"]
        ["ip addr", "check `source_address`"]
    LocalResources "local_resources" "This machine ran out of something a probe needs."
        ["too many open files", "no free ports", "no memory for a socket", "many large bodies to look at at once"]
        ["ulimit -n; noroshi's own process_open_fds", "lower `schedule.concurrency`"]
    LocalFile "local_file" "A file the check needs could not be read."
        ["it is missing", "its permissions", "the Secret or ConfigMap is not mounted"]
        ["ls -l as the user noroshi runs as"]
    InternalPanic "internal_panic" "The probe itself crashed: a bug of noroshi's."
        ["this should never happen"]
        ["report it with the log line that names this check"]
}

impl Reason {
    /// `Unknown` where the fault is ours and says nothing of the target, else `Fail`.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::IcmpPermission
            | Self::ObjectUnreadable
            | Self::ApiUnreachable
            | Self::ApiUnauthorized
            | Self::ApiForbidden
            | Self::ApiNotServed
            | Self::ApiNotSynced
            | Self::DaemonNeeded
            | Self::LocalAddress
            | Self::LocalResources
            | Self::LocalFile
            | Self::InternalPanic => Verdict::Unknown,
            _ => Verdict::Fail,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Reason {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|reason| reason.word() == word).ok_or(())
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_snake_case_and_read_back() {
        for (at, reason) in Reason::ALL.iter().enumerate() {
            let word = reason.word();
            assert!(word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()), "{word}");
            assert_eq!(word.parse(), Ok(*reason));
            assert!(Reason::ALL[..at].iter().all(|other| other.word() != word), "{word}");
        }
    }
}
