//! Pods: what they ask for, where they run, and how they and their containers are.
//!
//! Contract: what pods of one owner have in common is held once for all of them (`template`), and what each has for itself
//! (`kept`, `container`) takes as little space as it can, since a cluster has more pods than anything else. `wire` is what
//! one looks like in JSON; `pod_rows` and `container_rows` write. `state` is kubectl's word for how a pod is, `requested` what
//! the scheduler sets aside for one, and `totals` counts both.

mod container;
mod container_rows;
mod kept;
mod pod_rows;
mod requested;
mod state;
mod template;
mod totals;
mod wire;

use container::Container;
pub(super) use kept::Pod;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    own::Own,
};

impl Kind for Pod {
    const RESOURCE: Resource = Resource::namespaced("pods", "", "v1", "Pod");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("pod", Part::Name), ("uid", Part::Uid)];
    const OWN: &'static [Own<Self>] = totals::OWN;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::stable(
            "kube_pod_completion_time",
            "When the last of the containers that have ended did so, in seconds since the epoch.",
            pod_rows::completion,
        ),
        Family::stable(
            "kube_pod_container_info",
            "Images of the container, and what the runtime calls it.",
            container_rows::info,
        ),
        Family::stable(
            "kube_pod_container_resource_limits",
            "What the container may not exceed, in the unit that the row names.",
            |pod, rows| {
                container_rows::amounts(pod, &pod.body.look.template.containers, rows, |r| {
                    &r.limits
                });
            },
        ),
        Family::stable(
            "kube_pod_container_resource_requests",
            "What the container asks for, in the unit that the row names.",
            |pod, rows| {
                container_rows::amounts(pod, &pod.body.look.template.containers, rows, |r| {
                    &r.requests
                });
            },
        ),
        Family::stable(
            "kube_pod_container_state_started",
            "When the container was started, in seconds since the epoch, where it runs or has ended.",
            |pod, rows| container_rows::started(pod.body.containers(), rows),
        ),
        Family::alpha(
            "kube_pod_container_status_last_terminated_reason",
            "Why the container ended the last time.",
            |pod, rows| {
                container_rows::reasons(pod.body.containers(), rows, |container| {
                    Some(&container.last()?.reason)
                });
            },
        ),
        Family::alpha(
            "kube_pod_container_status_last_terminated_exitcode",
            "With what code the container ended the last time.",
            |pod, rows| container_rows::last(pod.body.containers(), rows, |last| last.code.into()),
        ),
        Family::alpha(
            "kube_pod_container_status_last_terminated_timestamp",
            "When the container ended the last time, in seconds since the epoch.",
            |pod, rows| {
                container_rows::last(pod.body.containers(), rows, |last| {
                    last.finished.or_go_zero()
                });
            },
        ),
        Family::stable(
            "kube_pod_container_status_ready",
            "Whether the container is ready.",
            |pod, rows| {
                container_rows::each(pod.body.containers(), rows, Container::is_ready);
            },
        ),
        Family::<Self>::stable(
            "kube_pod_container_status_restarts_total",
            "How often the container was started anew.",
            |pod, rows| {
                container_rows::each(pod.body.containers(), rows, Container::restarts);
            },
        )
        .counter(),
        Family::stable(
            "kube_pod_container_status_running",
            "Whether the container runs.",
            |pod, rows| {
                container_rows::each(pod.body.containers(), rows, |container| {
                    container.is_running()
                });
            },
        ),
        Family::stable(
            "kube_pod_container_status_terminated",
            "Whether the container has ended.",
            |pod, rows| {
                container_rows::each(pod.body.containers(), rows, |container| {
                    container.terminated().is_some()
                });
            },
        ),
        Family::alpha(
            "kube_pod_container_status_terminated_reason",
            "Why the container has ended.",
            |pod, rows| {
                container_rows::reasons(pod.body.containers(), rows, |container| {
                    Some(&container.terminated()?.reason)
                });
            },
        ),
        Family::stable(
            "kube_pod_container_status_waiting",
            "Whether the container waits to be started.",
            |pod, rows| {
                container_rows::each(pod.body.containers(), rows, |container| {
                    container.waiting().is_some()
                });
            },
        ),
        Family::stable(
            "kube_pod_container_status_waiting_reason",
            "Why the container waits to be started.",
            |pod, rows| {
                container_rows::reasons(pod.body.containers(), rows, |container| {
                    container.waiting()
                });
            },
        ),
        Family::created(Stable, "kube_pod_created"),
        Family::deleted(Alpha, "kube_pod_deletion_timestamp"),
        Family::stable(
            "kube_pod_info",
            "Where the pod runs, who made it, and how.",
            pod_rows::info,
        ),
        Family::alpha("kube_pod_ips", "Addresses of the pod.", pod_rows::addresses),
        Family::stable(
            "kube_pod_init_container_info",
            "Images of the init container, and what the runtime calls it.",
            container_rows::init_info,
        ),
        Family::alpha(
            "kube_pod_init_container_resource_limits",
            "What the init container may not exceed, in the unit that the row names.",
            |pod, rows| {
                container_rows::amounts(pod, &pod.body.look.template.inits, rows, |r| &r.limits);
            },
        ),
        Family::alpha(
            "kube_pod_init_container_resource_requests",
            "What the init container asks for, in the unit that the row names.",
            |pod, rows| {
                container_rows::amounts(pod, &pod.body.look.template.inits, rows, |r| &r.requests);
            },
        ),
        Family::alpha(
            "kube_pod_init_container_state_started",
            "When the init container was started, in seconds since the epoch, where it runs or has ended.",
            |pod, rows| container_rows::started(pod.body.inits(), rows),
        ),
        Family::alpha(
            "kube_pod_init_container_status_last_terminated_reason",
            "Why the init container ended the last time.",
            |pod, rows| {
                container_rows::reasons(pod.body.inits(), rows, |container| {
                    Some(&container.last()?.reason)
                });
            },
        ),
        Family::alpha(
            "kube_pod_init_container_status_last_terminated_exitcode",
            "With what code the init container ended the last time.",
            |pod, rows| container_rows::last(pod.body.inits(), rows, |last| last.code.into()),
        ),
        Family::alpha(
            "kube_pod_init_container_status_last_terminated_timestamp",
            "When the init container ended the last time, in seconds since the epoch.",
            |pod, rows| {
                container_rows::last(pod.body.inits(), rows, |last| last.finished.or_go_zero());
            },
        ),
        Family::stable(
            "kube_pod_init_container_status_ready",
            "Whether the init container is ready.",
            |pod, rows| {
                container_rows::each(pod.body.inits(), rows, Container::is_ready);
            },
        ),
        Family::<Self>::stable(
            "kube_pod_init_container_status_restarts_total",
            "How often the init container was started anew.",
            |pod, rows| {
                container_rows::each(pod.body.inits(), rows, Container::restarts);
            },
        )
        .counter(),
        Family::stable(
            "kube_pod_init_container_status_running",
            "Whether the init container runs.",
            |pod, rows| {
                container_rows::each(pod.body.inits(), rows, Container::is_running);
            },
        ),
        Family::stable(
            "kube_pod_init_container_status_terminated",
            "Whether the init container has ended.",
            |pod, rows| {
                container_rows::each(pod.body.inits(), rows, |container| {
                    container.terminated().is_some()
                });
            },
        ),
        Family::alpha(
            "kube_pod_init_container_status_terminated_reason",
            "Why the init container has ended.",
            |pod, rows| {
                container_rows::reasons(pod.body.inits(), rows, |container| {
                    Some(&container.terminated()?.reason)
                });
            },
        ),
        Family::stable(
            "kube_pod_init_container_status_waiting",
            "Whether the init container waits to be started.",
            |pod, rows| {
                container_rows::each(pod.body.inits(), rows, |container| {
                    container.waiting().is_some()
                });
            },
        ),
        Family::alpha(
            "kube_pod_init_container_status_waiting_reason",
            "Why the init container waits to be started.",
            |pod, rows| {
                container_rows::reasons(pod.body.inits(), rows, Container::waiting);
            },
        ),
        Family::annotations(Alpha, "kube_pod_annotations"),
        Family::labels(Stable, "kube_pod_labels"),
        Family::alpha(
            "kube_pod_overhead_cpu_cores",
            "CPUs that running the pod takes beside its containers.",
            pod_rows::overhead_cpu,
        ),
        Family::alpha(
            "kube_pod_overhead_memory_bytes",
            "Memory that running the pod takes beside its containers.",
            pod_rows::overhead_memory,
        ),
        Family::owners(Stable, "kube_pod_owner"),
        Family::alpha(
            "kube_pod_resourceclaim_info",
            "Devices that claims provide: what the pod calls them, the claim, and what it is made from.",
            pod_rows::devices,
        ),
        Family::stable(
            "kube_pod_restart_policy",
            "When containers of the pod are started anew.",
            |pod, rows| rows.info(&[("type", &pod.body.look.template.manner.restart_policy)]),
        ),
        Family::alpha(
            "kube_pod_runtimeclass_name_info",
            "With which class of runtime the pod is run.",
            pod_rows::runtime_class,
        ),
        Family::stable(
            "kube_pod_spec_volumes_persistentvolumeclaims_info",
            "Volumes that claims provide.",
            |pod, rows| pod_rows::volumes(pod, rows, |_| true),
        ),
        Family::stable(
            "kube_pod_spec_volumes_persistentvolumeclaims_readonly",
            "Whether a volume that a claim provides can only be read.",
            |pod, rows| pod_rows::volumes(pod, rows, |volume| volume.read_only),
        ),
        Family::stable(
            "kube_pod_start_time",
            "When a node accepted the pod, in seconds since the epoch.",
            |pod, rows| rows.time(pod.body.start()),
        ),
        Family::stable(
            "kube_pod_status_phase",
            "The phase of the pod: 1 for the one it is in.",
            pod_rows::phase,
        ),
        Family::alpha(
            "kube_pod_status_qos_class",
            "The class of service of the pod: 1 for the one it has.",
            pod_rows::qos,
        ),
        Family::stable(
            "kube_pod_status_ready",
            "Whether the pod is ready, with a row for each status that may have.",
            |pod, rows| pod_rows::condition(pod, rows, "Ready"),
        ),
        Family::alpha(
            "kube_pod_status_ready_time",
            "Since when the pod is ready, in seconds since the epoch.",
            |pod, rows| pod_rows::since(pod, rows, "Ready", "True"),
        ),
        Family::alpha(
            "kube_pod_status_initialized_time",
            "Since when the init containers are through, in seconds since the epoch.",
            |pod, rows| pod_rows::since(pod, rows, "Initialized", "True"),
        ),
        Family::alpha(
            "kube_pod_status_container_ready_time",
            "Since when all containers are ready, in seconds since the epoch.",
            |pod, rows| pod_rows::since(pod, rows, "ContainersReady", "True"),
        ),
        Family::alpha(
            "kube_pod_status_reason",
            "Why the pod is as it is, where it says so.",
            pod_rows::reasons,
        ),
        Family::alpha(
            "kube_pod_status_disruption_reason",
            "Why the pod is made to go.",
            pod_rows::disruptions,
        ),
        Family::stable(
            "kube_pod_status_scheduled",
            "Whether the pod has a node, with a row for each status that may have.",
            |pod, rows| pod_rows::condition(pod, rows, "PodScheduled"),
        ),
        Family::stable(
            "kube_pod_status_scheduled_time",
            "Since when the pod has a node, in seconds since the epoch.",
            |pod, rows| pod_rows::since(pod, rows, "PodScheduled", "True"),
        ),
        Family::stable(
            "kube_pod_status_unschedulable",
            "The pod finds no node; it has a row only then.",
            pod_rows::unschedulable,
        ),
        Family::alpha(
            "kube_pod_status_unscheduled_time",
            "Since when the pod finds no node, in seconds since the epoch.",
            |pod, rows| pod_rows::since(pod, rows, "PodScheduled", "False"),
        ),
        Family::alpha("kube_pod_tolerations", "Taints that the pod bears.", pod_rows::tolerations),
        Family::<Self>::alpha(
            "kube_pod_nodeselectors",
            "Labels that a node of the pod must have, as labels.",
            |pod, rows| {
                rows.mapped("nodeselector", pod.body.look.template.manner.node_selector.iter());
            },
        )
        .opt_in(),
        Family::alpha(
            "kube_pod_service_account",
            "As whom the pod speaks to the API.",
            |pod, rows| rows.info(&[("service_account", &pod.body.look.template.service_account)]),
        ),
        Family::alpha("kube_pod_scheduler", "Who finds a node for the pod.", |pod, rows| {
            rows.info(&[("name", &pod.body.look.template.manner.scheduler)]);
        }),
    ];
}
