import { useState } from 'preact/hooks';
import { Dialog, ForceChoice, forceIn } from '../dialog.js';
import { Failure } from '../failure.js';
import { go } from '../navigation.js';
import { sayDeployment } from '../notice.js';
import { appPath, askJson } from '../session.js';
import type { Verdict } from './verdict.js';

interface ApplyProps {
  text: string;
  verdict: Verdict;
  of: { appId: string; version: string } | undefined;
}

interface Steps {
  steps: { actions: { action: string; app: string }[] }[];
}

/** With the version that was edited: what others have changed since is not overwritten. */
function send<T>({ text, of }: ApplyProps, query: string): Promise<T> {
  if (of === undefined) return askJson<T>(`/v2/apps${query}`, { method: 'POST', body: text });
  const sign = query === '' ? '?' : '&';
  const path = `${appPath(of.appId)}${query}${sign}partialUpdate=false`;
  return askJson<T>(path, { method: 'PUT', body: text, ifMatch: of.version });
}

/** The steps that the change would have. */
export function DryRun(props: ApplyProps) {
  const [answer, setAnswer] = useState<{ text: string; steps: Steps['steps'] | null; failure: Error | null } | null>(
    null,
  );
  const run = () => {
    const { text } = props;
    send<Steps>(props, '?dryRun=true').then(
      ({ steps }) => setAnswer({ text, steps, failure: null }),
      (failure: Error) => setAnswer({ text, steps: null, failure }),
    );
  };
  const isOfNow = answer?.text === props.text;
  return (
    <>
      <button type="button" disabled={props.verdict.state !== 'acceptable'} onClick={run}>
        Dry run
      </button>
      <div class="dryrun" role="status">
        {isOfNow && <Failure failure={answer.failure} />}
        {isOfNow && answer.steps !== null && <StepList steps={answer.steps} />}
      </div>
    </>
  );
}

function StepList({ steps }: Steps) {
  if (steps.length === 0) return <p>Nothing would change.</p>;
  return (
    <ol>
      {steps.map(({ actions }, index) => (
        <li key={index}>{actions.map(({ action, app }) => `${action} ${app}`).join(', ')}</li>
      ))}
    </ol>
  );
}

export function Apply(props: ApplyProps) {
  const [asks, setAsks] = useState(false);
  const { text, verdict, of } = props;
  const apply = async (fields: FormData) => {
    const id = of?.appId ?? String(JSON.parse(text).id);
    sayDeployment(`${id} is ${of === undefined ? 'made' : 'changed'}`, await send(props, forceIn(fields)));
    go({ page: 'app', appId: id.startsWith('/') ? id : `/${id}`, tab: 'replicas' });
  };
  const title = of === undefined ? 'Make this app?' : `Change ${of.appId}?`;
  return (
    <>
      <button type="button" class="primary" disabled={verdict.state !== 'acceptable'} onClick={() => setAsks(true)}>
        Apply
      </button>
      {asks && (
        <Dialog title={title} word="Apply" onConfirm={apply} onClose={() => setAsks(false)}>
          {(verdict.plan?.plan.unplaced.length ?? 0) > 0 && (
            <p class="busy">Not all of it fits now; the rest would wait.</p>
          )}
          <ForceChoice />
        </Dialog>
      )}
    </>
  );
}
