import type { Row } from './entries.js';

/** What of the environment is read by all commands. */
export const variables: Row[] = [
  { term: 'GAIA_API, GAIA_CREDENTIALS, GAIA_CA, GAIA_CERTIFICATE, GAIA_KEY', text: 'as the options; these go before' },
  { term: 'GAIA_CONTEXT', text: 'the context in use, whatever "gaia context use" has said' },
  { term: 'GAIA_DIRECTORY', text: 'where the local cluster keeps its state, unless --directory says' },
  { term: 'XDG_CONFIG_HOME', text: 'contexts are kept in gaia/contexts.yaml there, else in ~/.config' },
  { term: 'COLUMNS', text: 'how wide tables may be, whatever the terminal says' },
  { term: 'NO_COLOR, FORCE_COLOR', text: 'whether there are colours; --color goes before' },
];
