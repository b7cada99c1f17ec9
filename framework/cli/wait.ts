import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, appPath } from './api-client.js';
import type { AppJson } from './app-json.js';
import { keptEvents } from './events.js';
import { EXIT, Failure } from './failure.js';
import { inCommands } from './in-commands.js';
import type { Output } from './output.js';
import { gaia } from './program-name.js';
import { firstLine } from './show.js';
import { dim } from './terminal/colour.js';
import { Progress } from './terminal/progress.js';

export interface Deployment {
  id: string;
  affectedApps: string[];
  version: string;
  currentStep: number;
  totalSteps: number;
  currentActions: { action: string; app?: string }[];
  waitingFor: string | null;
  steps: { actions: { action: string; app: string }[] }[];
  deadline?: string;
}

export const deploymentPath = (id: string) => `/v2/deployments/${encodeURIComponent(id)}`;

/** How a deployment ended; null: that is not kept. `reason` null: well. */
export async function endOf(api: ApiClient, deploymentId: string): Promise<{ reason: string | null } | null> {
  const ends = await keptEvents(api, ['deployment_success', 'deployment_failed']);
  const end = ends.findLast(({ id }) => id === deploymentId);
  return end === undefined ? null : { reason: typeof end.reason === 'string' ? end.reason : null };
}

const POLL_INTERVAL_MS = 250;

/** Gets how much of it is done, 0 to 1, and what is done or waited for. */
type Tell = (share: number, sentence: string) => void;

/**
 * Resolves when the deployment has ended, unless it is known to have failed. `tell` gets a sentence several times a second.
 * Throws a Failure with EXIT.failed, or EXIT.timedOut; the deployment goes on then.
 */
export async function waitForDeployment(
  api: ApiClient,
  deploymentId: string,
  timeoutSeconds: number,
  tell: Tell,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const deployment = await api.find<Deployment>(deploymentPath(deploymentId));
    if (deployment === null) return requireSuccess(api, deploymentId);
    const app = await firstApp(api, deployment);
    const sentence = describe(deployment) + joiningText(app) + failureText(app, deployment);
    tell((deployment.currentStep - 1) / Math.max(1, deployment.totalSteps), sentence);
    if (performance.now() > deadlineMs) throw timedOut(deployment, sentence, timeoutSeconds);
    await sleep(POLL_INTERVAL_MS);
  }
}

/** A deployment has ended, whether or not the API has time to say how. */
async function requireSuccess(api: ApiClient, deploymentId: string): Promise<void> {
  const { reason = null } = (await endOf(api, deploymentId).catch(() => null)) ?? {};
  if (reason !== null) throw failed(deploymentId, reason);
}

export function failed(deploymentId: string, reason: string): Failure {
  const remedy = `Correct what it waited for, and send the change again; "${gaia} explain ID" says more.`;
  return new Failure(EXIT.failed, `Deployment ${deploymentId} has failed: ${reason}`, remedy, { deploymentId, reason });
}

async function firstApp(api: ApiClient, { affectedApps: [appId] }: Deployment): Promise<AppJson | null> {
  return appId === undefined ? null : ((await api.find<{ app: AppJson }>(appPath(appId)))?.app ?? null);
}

/** What failed while this version was being deployed: the usual reason why a deployment does not end. */
function failureText(app: AppJson | null, { version }: Deployment): string {
  const failure = app?.lastTaskFailure;
  return failure?.version === version ? `; last failure: ${failure.state} ${firstLine(failure.message)}` : '';
}

/** How far a snapshot has come that a replica joins from. */
function joiningText(app: AppJson | null): string {
  const joining = (app?.tasks ?? []).flatMap(({ replica }) => {
    const { bytesDone = 0, bytesTotal = 0 } = replica?.report?.joining ?? {};
    return bytesTotal === 0 ? [] : [`replica ${replica?.slot} has ${Math.floor((100 * bytesDone) / bytesTotal)} %`];
  });
  return joining.length === 0 ? '' : `; ${joining.join(', ')} of what it joins from`;
}

/** For commands: waits and says how far it is, unless the user does not want to wait. */
export async function followDeployment(
  api: ApiClient,
  output: Output,
  deploymentId: string | undefined,
  options: { detach?: boolean; timeout: number },
): Promise<'ended' | 'running'> {
  if (deploymentId === undefined) return 'ended';
  if (options.detach) {
    output.line(`Deployment ${deploymentId} goes on. See it with: ${gaia} deployment list`);
    return 'running';
  }
  await showWaiting(api, output, deploymentId, options.timeout);
  return 'ended';
}

/** Waits, and says how far it is. */
export async function showWaiting(api: ApiClient, output: Output, deploymentId: string, timeoutSeconds: number) {
  const progress = new Progress(output.forPrograms, (text) => output.note(dim(`  ${text}`)));
  const tell: Tell = (share, sentence) => progress.show(share, sentence);
  await waitForDeployment(api, deploymentId, timeoutSeconds, tell).finally(() => progress.end());
}

/** What a deployment waits for names the app already. */
export function describe({ currentStep, totalSteps, currentActions, waitingFor }: Deployment): string {
  const actions = [...new Set(currentActions.map(({ action }) => action))].join(', ');
  const apps = currentActions.map(({ app }) => app ?? '').join(', ');
  return `step ${currentStep} of ${totalSteps}: ${actions} – ${inCommands(waitingFor ?? apps)}`;
}

function timedOut(deployment: Deployment, sentence: string, timeoutSeconds: number): Failure {
  const message = `Deployment ${deployment.id} has not ended after ${timeoutSeconds} s: ${sentence}`;
  const remedy =
    `It goes on. Wait longer with --timeout SECONDS, see more with "${gaia} app show ${deployment.affectedApps[0] ?? 'ID'}", ` +
    `or take it back with "${gaia} deployment cancel ${deployment.id}".`;
  return new Failure(EXIT.timedOut, message, remedy, { deploymentId: deployment.id });
}
