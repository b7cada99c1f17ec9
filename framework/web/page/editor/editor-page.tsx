/** A spec as JSON, judged while it is typed: by the API's schema at once, and by the API itself when the typing rests. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { EXAMPLE, editable, type Finding } from '../../model/draft.js';
import type { Schema } from '../../model/schema-check.js';
import { Failure } from '../failure.js';
import { appPath, askJson } from '../session.js';
import { useMayChange } from '../user.js';
import { Apply, DryRun } from './apply.js';
import { Fields } from './fields.js';
import { Findings } from './findings.js';
import { PlanView } from './plan-view.js';
import { useSchema } from './schema.js';
import { useVerdict } from './verdict.js';

interface Existing {
  version: string;
  text: string;
}

/** `appId` null: a new app. */
export function EditorPage({ appId }: { appId: string | null }) {
  const [existing, setExisting] = useState<Existing | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const schema = useSchema();
  useEffect(() => {
    if (appId !== null) readExisting(appId).then(setExisting, setFailure);
  }, []);
  if (failure !== null && isMissing(failure))
    return <Editor title={`New app ${appId}`} text={EXAMPLE.replace('/demo/store', appId ?? '')} schema={schema} />;
  if (failure !== null) return <Failure failure={failure} />;
  if (appId === null) return <Editor title="New app" text={EXAMPLE} schema={schema} />;
  if (existing === null) return <p>Not known yet.</p>;
  return (
    <Editor title={`Edit ${appId}`} text={existing.text} schema={schema} of={{ appId, version: existing.version }} />
  );
}

const isMissing = (failure: Error) => (failure as { status?: number }).status === 404;

async function readExisting(appId: string): Promise<Existing> {
  const { app } = await askJson<{ app: { version: string } }>(appPath(appId));
  const spec = await askJson<Record<string, unknown>>(appPath(appId, `versions/${encodeURIComponent(app.version)}`));
  return { version: app.version, text: editable(spec) };
}

interface EditorProps {
  title: string;
  text: string;
  schema: Schema | null;
  /** Left out: the app is new. */
  of?: { appId: string; version: string };
}

function Editor({ title, text: first, schema, of }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(first);
  const verdict = useVerdict(text, schema);
  const mayChange = useMayChange();
  const show = ({ start, end }: Finding) => {
    area.current?.focus();
    area.current?.setSelectionRange(start, end);
  };
  return (
    <>
      <h1>{title}</h1>
      <div class="editor">
        <div>
          <label class="field">
            Spec, as JSON
            <textarea
              ref={area}
              rows={24}
              spellcheck={false}
              value={text}
              aria-invalid={verdict.findings.length > 0}
              aria-describedby="verdict"
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          {mayChange && (
            <div class="buttons">
              <DryRun text={text} verdict={verdict} of={of} />
              <Apply text={text} verdict={verdict} of={of} />
            </div>
          )}
        </div>
        <div>
          <Findings verdict={verdict} onShow={show} />
          <PlanView plan={verdict.plan} />
          <Fields schema={schema} />
        </div>
      </div>
    </>
  );
}
