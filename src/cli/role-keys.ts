import { cryptoNative } from '#adapters/crypto-native.ts'
import { checkNewPassword, createKeyFile, type DaemonKeys, openKeyFile } from '#daemon/key-file.ts'
import { findPassword } from '#daemon/password.ts'
import { peerOfPublicKey } from '#network/message-node.ts'
import type { Address, PublicKey } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import type { CommandContext } from './context.ts'
import { type Role, roleFolder } from './role-folder.ts'

/** The public side of a daemon's keys. */
export type RoleIdentity = {
  readonly owner: Address
  /** Its wallet key, which names its mailbox. */
  readonly mailbox: PublicKey
  /** Its node key. */
  readonly node: PublicKey
}

export type RoleKeys = DaemonKeys & { readonly identity: RoleIdentity }

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
export const peerNameOf = ({ nodeKey }: DaemonKeys): string =>
  peerOfPublicKey(cryptoNative.publicKey(nodeKey)).toString()

const password = (
  { terminal, passwordFd }: CommandContext,
  prompt: string,
  fresh: boolean,
): Promise<string> =>
  findPassword({ fd: passwordFd, env: terminal.env, terminal: terminal.keyboard }, prompt, fresh)

const withIdentity = (keys: DaemonKeys): RoleKeys => ({
  ...keys,
  identity: {
    owner: keys.address,
    mailbox: publicKeyOf(keys.walletKey),
    node: publicKeyOf(keys.nodeKey),
  },
})

const publicKeyOf = (secretKey: Uint8Array): PublicKey =>
  hexFromBytes(cryptoNative.publicKey(secretKey)) as PublicKey
