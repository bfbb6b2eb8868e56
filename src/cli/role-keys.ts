import { cryptoNative } from '#adapters/crypto-native.ts'
import { checkNewPassword, createKeyFile, type DaemonKeys, openKeyFile } from '#daemon/key-file.ts'
import { findPassword } from '#daemon/password.ts'
import { identifyPublisher } from '#roles/publisher/identity.ts'
import type { PublisherIdentity } from '#roles/publisher/ports.ts'
import type { CommandContext } from './context.ts'
import { type Role, roleFolder } from './role-folder.ts'

/** A role's keys with their public side. */
export type RoleKeys = DaemonKeys & { readonly identity: PublisherIdentity }

/** Opens the key file of a role; its password is asked for as the context says. */
export const openRoleKeys = async (context: CommandContext, role: Role): Promise<RoleKeys> => {
  const { keyFile } = roleFolder(context.folders, role)
  return withIdentity(await openKeyFile(keyFile, await password(context, `Password of the ${role}`, false)))
}

/** Asks for the password of a key file that is not made yet. */
export const askNewPassword = async (context: CommandContext, role: Role): Promise<string> => {
  const chosen = await password(context, `New password of the ${role}`, true)
  checkNewPassword(chosen)
  return chosen
}

/** Makes the key file of a role. */
export const createRoleKeys = async (
  context: CommandContext,
  role: Role,
  chosen: string,
): Promise<RoleKeys> => withIdentity(await createKeyFile(roleFolder(context.folders, role).keyFile, chosen))

/** The libp2p name of a node key. */
export const peerNameOf = async ({ nodeKey }: DaemonKeys): Promise<string> => {
  // libp2p takes longer to load than most commands take to run.
  const { peerOfPublicKey } = await import('#network/message-node.ts')
  return peerOfPublicKey(cryptoNative.publicKey(nodeKey)).toString()
}

const password = (
  { terminal, passwordFd }: CommandContext,
  prompt: string,
  fresh: boolean,
): Promise<string> =>
  findPassword({ fd: passwordFd, env: terminal.env, terminal: terminal.keyboard }, prompt, fresh)

const withIdentity = (keys: DaemonKeys): RoleKeys => ({
  ...keys,
  identity: identifyPublisher(cryptoNative, keys.walletKey, keys.nodeKey),
})
