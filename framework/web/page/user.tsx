/** Who looks at the page, and the form that asks. */
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { ApiFailure, askJson, type Credentials, signIn, signOut } from './session.js';

export interface Me {
  /** Null: nobody is asked who they are. */
  name: string | null;
  role: 'viewer' | 'deployer' | 'admin';
  authenticated: boolean;
}

export const MeContext = createContext<Me | null>(null);

/** Whether buttons that change something are of use. Whether they may change this app, the API decides. */
export function useMayChange(): boolean {
  const me = useContext(MeContext);
  return me !== null && me.role !== 'viewer';
}

export const askWho = () => askJson<Me>('/v2/me');

export function SignIn({ onSignedIn }: { onSignedIn: (me: Me) => void }) {
  const [kind, setKind] = useState<'token' | 'password'>('token');
  const [error, setError] = useState<string | null>(null);
  useEffect(() => document.querySelector<HTMLInputElement>('.signin .field input')?.focus(), [kind]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    signIn(credentialsIn(fields, kind));
    try {
      onSignedIn(await askWho());
    } catch (failure) {
      signOut();
      setError(sentenceOf(failure));
    }
  };
  return (
    <main id="main" class="signin" tabIndex={-1} data-page="sign-in">
      <h1>Sign in</h1>
      <p>This framework wants to know who asks. What you enter is kept for this tab alone.</p>
      <form onSubmit={submit}>
        <fieldset class="choice">
          <legend>With</legend>
          <label>
            <input type="radio" name="kind" checked={kind === 'token'} onChange={() => setKind('token')} /> a token
          </label>
          <label>
            <input type="radio" name="kind" checked={kind === 'password'} onChange={() => setKind('password')} /> name
            and password
          </label>
        </fieldset>
        {kind === 'token' ? (
          <label class="field">
            Token
            <input name="token" type="password" autocomplete="off" required />
          </label>
        ) : (
          <>
            <label class="field">
              Name
              <input name="user" autocomplete="username" required spellcheck={false} />
            </label>
            <label class="field">
              Password
              <input name="password" type="password" autocomplete="current-password" required />
            </label>
          </>
        )}
        {error !== null && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </main>
  );
}

function credentialsIn(fields: FormData, kind: 'token' | 'password'): Credentials {
  const text = (name: string) => String(fields.get(name) ?? '');
  return kind === 'token' ? { token: text('token').trim() } : { user: text('user'), password: text('password') };
}

function sentenceOf(failure: unknown): string {
  if (!(failure instanceof ApiFailure)) return String(failure);
  if (failure.status === 401) return 'Nobody is known by that. Ask whoever keeps the accounts of this framework.';
  return [failure.message, failure.remedy].filter(Boolean).join(' ');
}
