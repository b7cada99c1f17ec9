import { ApiFailure } from './session.js';

/** In the API's own words, with what to do about it. */
export function Failure({ failure }: { failure: Error | null }) {
  if (failure === null) return null;
  const { remedy, details } = failure instanceof ApiFailure ? failure : { remedy: null, details: [] };
  return (
    <div class="error" role="alert">
      <p>
        {failure.message}
        {remedy !== null && ` ${remedy}`}
      </p>
      {details.length > 0 && (
        <ul>
          {details.flatMap(({ path, errors }) => errors.slice(-1).map((error) => <li key={path + error}>{error}</li>))}
        </ul>
      )}
    </div>
  );
}

/** Of a list that could not be asked for anew: what is shown may be old. */
export function NotNow({ failure }: { failure: Error | null }) {
  return failure === null ? null : <p class="bad">This may be old: {failure.message}</p>;
}
