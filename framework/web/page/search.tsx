interface SearchProps {
  value: string;
  onSearch: (value: string) => void;
  /** What it looks in. */
  hint: string;
}

export function Search({ value, onSearch, hint }: SearchProps) {
  return (
    <label class="search">
      Search
      <input type="search" value={value} placeholder={hint} onInput={(event) => onSearch(event.currentTarget.value)} />
    </label>
  );
}
