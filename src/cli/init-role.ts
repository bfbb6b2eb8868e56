import { access } from 'node:fs/promises'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import type { SettingTexts } from '#daemon/config.ts'
import { writeSettings } from '#daemon/config.ts'
import { lockFolder } from '#daemon/folder-lock.ts'
import { ParatiiError } from '#std/error.ts'
import type { CommandContext } from './context.ts'
import { type Role, roleFolder } from './role-folder.ts'
import { askNewPassword, createRoleKeys, peerNameOf } from './role-keys.ts'

/**
 * Makes what a role needs: settings that were given by flags, folders, and the key file last, so that an interrupted
 * init can be done again. `config-exists` if there is a key file: nothing is touched then.
 */
export const initRole = async (
  context: CommandContext,
  role: Role,
  given: SettingTexts = {},
): Promise<void> => {
  const { folder, keyFile, records, blocks } = roleFolder(context.folders, role)
  if (await exists(keyFile)) throw new ParatiiError('config-exists', { file: keyFile })
  await context.readConfig()
  const changes = { ...context.chainFlags, ...given }
  const password = await askNewPassword(context, role)
  if (Object.keys(changes).length > 0) await writeSettings(context.configFile, changes)
  lockFolder(folder, 'publish').release()
  lockFolder(folder, 'serve').release()
  openSqliteRecords(records).close()
  await openFileBlocks(blocks)
  const keys = await createRoleKeys(context, role, password)
  const { owner, mailbox, node } = keys.identity
  const peer = await peerNameOf(keys)
  context.print({ role, account: owner, mailbox, node, peer, keyFile, folder }, [
    `The ${role} is ready. Its account is ${owner}: it needs some ether for gas.`,
    `node     ${peer}`,
    `key      ${node}`,
    `mailbox  ${mailbox}`,
    `Back up ${keyFile} and its password: there is no other copy of the key.`,
  ])
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
