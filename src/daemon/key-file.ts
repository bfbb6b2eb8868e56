import { access, readFile } from 'node:fs/promises'
import { decryptKeystoreJson, encryptKeystoreJson, getBytes, HDNodeWallet, isError, Mnemonic } from 'ethers'
import { daemonNodeKeyPath, walletKeyPath } from '#protocol/keys.ts'
import type { Address } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { writePrivateFile } from './write-file.ts'

/** The two keys of a daemon, 32 bytes each, both made from the one phrase in its key file. */
export type DaemonKeys = {
  /** Signs transactions and documents; its public key names the mailbox. */
  readonly walletKey: Uint8Array
  /** The account of the wallet key. */
  readonly address: Address
  /** The libp2p identity, and the key that hosts are paid by. */
  readonly nodeKey: Uint8Array
}

const phraseBits = 128
const minPasswordLength = 8

/** Refuses a new password that is too short with `usage-invalid`. */
export const checkNewPassword = (password: string): void => {
  if (password.length < minPasswordLength)
    throw new ParatiiError('usage-invalid', {
      advice: `A password has at least ${minPasswordLength} characters.`,
    })
}

/**
 * Makes a new phrase and writes it to a key file under a password: Web3 Secret Storage (version 3, scrypt), which
 * wallets of Ethereum read as well. Nothing is ever written over. Throws `config-exists`, `usage-invalid` for a
 * password of less than 8 characters, `store-failed`.
 */
export const createKeyFile = async (path: string, password: string): Promise<DaemonKeys> => {
  checkNewPassword(password)
  if (await exists(path)) throw new ParatiiError('config-exists', { file: path })
  const entropy = crypto.getRandomValues(new Uint8Array(phraseBits / 8))
  const mnemonic = Mnemonic.fromEntropy(entropy)
  const wallet = HDNodeWallet.fromMnemonic(mnemonic, walletKeyPath(0))
  const account = {
    address: wallet.address,
    privateKey: wallet.privateKey,
    mnemonic: { entropy: mnemonic.entropy, path: walletKeyPath(0), locale: 'en' },
  }
  await writePrivateFile(path, `${await encryptKeystoreJson(account, password)}\n`)
  return keysOf(mnemonic)
}

/** Opens a key file. Throws `config-absent`, `password-wrong`, `config-malformed` for what is no key file of ours. */
export const openKeyFile = async (path: string, password: string): Promise<DaemonKeys> => {
  const text = await readKeyFile(path)
  try {
    const { mnemonic } = await decryptKeystoreJson(text, password)
    if (mnemonic?.entropy === undefined)
      throw new ParatiiError('config-malformed', { file: path, reason: 'no phrase in it' })
    return keysOf(Mnemonic.fromEntropy(mnemonic.entropy))
  } catch (thrown) {
    if (thrown instanceof ParatiiError) throw thrown
    if (isError(thrown, 'INVALID_ARGUMENT') && thrown.argument === 'password')
      throw new ParatiiError('password-wrong', { file: path })
    throw new ParatiiError('config-malformed', { file: path, reason: 'not a key file' })
  }
}

const readKeyFile = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')
      throw new ParatiiError('config-absent', { file: path })
    throw errorFrom(thrown, 'store-failed')
  }
}

const keysOf = (mnemonic: Mnemonic): DaemonKeys => {
  const wallet = HDNodeWallet.fromMnemonic(mnemonic, walletKeyPath(0))
  const node = HDNodeWallet.fromMnemonic(mnemonic, daemonNodeKeyPath)
  return {
    walletKey: getBytes(wallet.privateKey),
    address: wallet.address.toLowerCase() as Address,
    nodeKey: getBytes(node.privateKey),
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
