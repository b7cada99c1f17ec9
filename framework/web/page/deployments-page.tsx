import { useState } from 'preact/hooks';
import { count } from '../model/format.js';
import type { DeploymentRow } from '../model/rows.js';
import { Dialog } from './dialog.js';
import { Link } from './navigation.js';
import { sayDeployment } from './notice.js';
import { askJson } from './session.js';
import { useCluster, useIsKnown } from './store.js';
import { useMayChange } from './user.js';

const APPS_MAX = 20;

export function DeploymentsPage() {
  const deployments = useCluster((state) => state.deployments);
  const isKnown = useIsKnown();
  return (
    <>
      <h1>Deployments</h1>
      <p class="summary" role="status">
        {isKnown ? `${count(deployments.length, 'change')} under way` : 'Not known yet.'}
      </p>
      {deployments.map((deployment) => (
        <Deployment key={deployment.id} deployment={deployment} />
      ))}
    </>
  );
}

function Deployment({ deployment }: { deployment: DeploymentRow }) {
  const { id, currentStep, totalSteps, currentActions, affectedApps, waitingFor, deadline } = deployment;
  const [asks, setAsks] = useState(false);
  const mayChange = useMayChange();
  return (
    <article class="panel" aria-labelledby={`d-${id}`}>
      <div class="heading">
        <h2 id={`d-${id}`}>
          <code>{id}</code>
        </h2>
        {mayChange && (
          <button type="button" class="danger" onClick={() => setAsks(true)}>
            Cancel deployment
          </button>
        )}
      </div>
      <p>
        Step {currentStep} of {totalSteps}{' '}
        <progress max={Math.max(1, totalSteps)} value={Math.max(0, currentStep - 1)} aria-label="Steps that are done" />
      </p>
      <ul class="plain">
        {currentActions.slice(0, APPS_MAX).map(({ action, app }) => (
          <li key={action + app}>
            {action} <Link to={{ page: 'app', appId: app, tab: 'replicas' }}>{app}</Link>
          </li>
        ))}
      </ul>
      {affectedApps.length > APPS_MAX && <p class="muted">{count(affectedApps.length, 'app')} in all</p>}
      {waitingFor !== null && <p class="busy">{waitingFor}</p>}
      {deadline !== undefined && (
        <p class="muted">It fails if it has not ended by {new Date(deadline).toLocaleString()}.</p>
      )}
      {asks && <CancelDialog id={id} onClose={() => setAsks(false)} />}
    </article>
  );
}

function CancelDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const cancel = async (fields: FormData) => {
    const stays = fields.get('how') === 'stay';
    const path = `/v2/deployments/${encodeURIComponent(id)}${stays ? '?force=true' : ''}`;
    const answer = await askJson<{ deploymentId?: string } | null>(path, { method: 'DELETE' });
    sayDeployment(stays ? 'The deployment ends where it is' : 'The deployment is taken back', answer);
  };
  return (
    <Dialog title="Cancel this deployment?" word="Cancel deployment" danger onConfirm={cancel} onClose={onClose}>
      <label class="check">
        <input type="radio" name="how" value="back" defaultChecked /> take back what it has done
      </label>
      <label class="check">
        <input type="radio" name="how" value="stay" /> leave things where they are
      </label>
    </Dialog>
  );
}
