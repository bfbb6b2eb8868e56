import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Folders } from '#daemon/folders.ts'

/** Roles that serve bytes over HTTP, and settle receipts. */
export type ServingRole = 'publisher' | 'host'
export type Role = ServingRole | 'advertiser'

/** Where a role keeps its things. Roles may live side by side, each with a key of its own. */
export type RoleFolder = {
  readonly folder: string
  readonly keyFile: string
  /** SQLite file. */
  readonly records: string
  readonly blocks: string
  /** The film that is being published, until it is registered. */
  readonly packaging: string
  exists(): Promise<boolean>
  make(): Promise<void>
}

export const roleFolder = ({ config, data }: Folders, role: Role): RoleFolder => {
  const folder = join(data, role)
  return {
    folder,
    keyFile: join(config, `${role}-key.json`),
    records: join(folder, 'records.db'),
    blocks: join(folder, 'blocks'),
    packaging: join(folder, 'packaging'),
    exists: () =>
      access(join(folder, 'records.db')).then(
        () => true,
        () => false,
      ),
    make: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
    },
  }
}
