import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** Where a program of Paratii keeps its things. None of them need exist yet. */
export type Folders = {
  /** Configuration and keys. */
  readonly config: string
  /** Blocks, receipts, records: what is worth money. */
  readonly data: string
  /** What can be made again. */
  readonly cache: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The folders of the XDG Base Directory specification (`XDG_CONFIG_HOME` and so on, else below the home folder);
 * with `home` all three in that one folder instead.
 */
export const foldersFor = (home: string | undefined, env: Environment = process.env): Folders => {
  if (home !== undefined) {
    const base = resolve(home)
    return { config: join(base, 'config'), data: join(base, 'data'), cache: join(base, 'cache') }
  }
  // The specification: a relative path is invalid and ignored.
  const base = (value: string | undefined, ...standard: string[]) =>
    join(value !== undefined && isAbsolute(value) ? value : join(homedir(), ...standard), 'paratii')
  return {
    config: base(env.XDG_CONFIG_HOME, '.config'),
    data: base(env.XDG_DATA_HOME, '.local', 'share'),
    cache: base(env.XDG_CACHE_HOME, '.cache'),
  }
}
