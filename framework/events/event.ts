/** What the framework tells whoever listens at `/v2/events`: Marathon's events, field by field. */

export interface DeploymentPlan {
  id: string;
  version: string;
  steps: PlanStep[];
}

export interface PlanStep {
  actions: { action: string; app: string }[];
}

/** Of an instance, in Marathon's words. */
export type Condition =
  | 'Provisioned'
  | 'Staging'
  | 'Starting'
  | 'Running'
  | 'Killing'
  | 'Killed'
  | 'Finished'
  | 'Failed'
  | 'Error'
  | 'Unreachable'
  | 'UnreachableInactive'
  | 'Gone'
  | 'Dropped'
  | 'Unknown';

type Content =
  | { eventType: 'api_post_event'; clientIp: string; uri: string; appDefinition: object }
  | {
      eventType: 'status_update_event';
      slaveId: string;
      taskId: string;
      taskStatus: string;
      message: string;
      appId: string;
      host: string;
      ipAddresses: { ipAddress: string; protocol: string }[];
      ports: number[];
      version: string;
    }
  | { eventType: 'framework_message_event'; executorId: string; slaveId: string; message: string }
  | { eventType: 'scheduler_registered_event'; frameworkId: string; master: string }
  | { eventType: 'scheduler_reregistered_event'; master: string }
  | { eventType: 'scheduler_disconnected_event' }
  | { eventType: 'event_stream_attached' | 'event_stream_detached'; remoteAddress: string }
  | { eventType: 'group_change_success'; groupId: string; version: string }
  | { eventType: 'group_change_failed'; groupId: string; version: string; reason: string }
  | { eventType: 'deployment_success'; id: string; plan: DeploymentPlan }
  | { eventType: 'deployment_failed'; id: string; plan: DeploymentPlan; reason: string }
  | {
      eventType: 'deployment_info' | 'deployment_step_success' | 'deployment_step_failure';
      plan: DeploymentPlan;
      currentStep: PlanStep;
    }
  | { eventType: 'app_terminated_event'; appId: string }
  | {
      eventType: 'instance_changed_event';
      instanceId: string;
      condition: Condition;
      runSpecId: string;
      agentId: string;
      host: string;
      runSpecVersion: string;
    }
  | { eventType: 'add_health_check_event'; appId: string; version: string; healthCheck: object }
  | { eventType: 'remove_health_check_event'; appId: string }
  | { eventType: 'failed_health_check_event'; appId: string; instanceId: string; healthCheck: object }
  | { eventType: 'health_status_changed_event'; appId: string; instanceId: string; version: string; alive: boolean }
  | {
      eventType: 'instance_health_changed_event';
      instanceId: string;
      runSpecId: string;
      healthy: boolean;
      runSpecVersion: string;
    }
  | {
      eventType: 'unhealthy_instance_kill_event';
      appId: string;
      taskId: string;
      instanceId: string;
      version: string;
      reason: string;
      host: string;
      slaveId: string;
    }
  | { eventType: 'unknown_instance_terminated_event'; instanceId: string; runSpecId: string; condition: Condition };

/** `timestamp` is ISO 8601 with milliseconds. */
export type PublicEvent = Content & { timestamp: string };
