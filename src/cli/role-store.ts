import type { Logger } from 'pino'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import type { ChainReader } from '#chain/reader.ts'
import type { ChainWriter } from '#chain/writer.ts'
import { createLog } from '#daemon/log.ts'
import type { Config } from '#daemon/settings.ts'
import { ParatiiError } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'
import { openChainReader, openChainWriter } from './chain-access.ts'
import type { CommandContext } from './context.ts'
import { type Role, type RoleFolder, roleFolder } from './role-folder.ts'
import { openRoleKeys, type RoleKeys } from './role-keys.ts'

/** Something worth a line in the log, as roles tell it. */
export type Notice = (event: string, details: Readonly<Record<string, string | number | boolean>>) => void

/** What every command of a role begins with: who it is, the chain, its records. */
export type RoleStore = {
  readonly config: Config
  readonly folder: RoleFolder
  readonly keys: RoleKeys
  readonly reader: ChainReader
  readonly writer: ChainWriter
  readonly records: Records
  readonly crypto: Crypto
  readonly log: Logger
  readonly notice: Notice
}

/**
 * Opens the settings, keys, chain and records of a role, and closes them at the end of the command. Throws what those
 * throw; `config-absent` where the role was never made.
 */
export const openRoleStore = async (context: CommandContext, role: Role): Promise<RoleStore> => {
  const { shutdown } = context
  const config = await context.readConfig()
  const folder = roleFolder(context.folders, role)
  if (!(await folder.exists()))
    throw new ParatiiError('config-absent', { advice: `Run paratii ${role} init first.` })
  const keys = await openRoleKeys(context, role)
  const reader = await openChainReader(config, shutdown.signal)
  const writer = await openChainWriter(config, reader, keys.walletKey, shutdown.signal)
  const records = openSqliteRecords(folder.records)
  shutdown.add('records', () => records.close())
  const log = createLog(config['log.level'], { write: context.terminal.err })
  return { config, folder, keys, reader, writer, records, crypto: cryptoNative, log, notice: noticeTo(log) }
}

/** Notices that carry an error code are warnings. */
const noticeTo =
  (log: Logger): Notice =>
  (event, details) =>
    'code' in details ? log.warn(details, event) : log.info(details, event)
