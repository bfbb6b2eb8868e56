import * as v from 'valibot'
import type { ProviderRequest } from '#bridge/provider.ts'
import { type Network, urlField } from '#bridge/shapes.ts'
import { compactToLong } from '#protocol/signature.ts'
import type { Address, Hex } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, isHex } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { couldMoveMoney, isUnlimited, readCall } from '#wallet/call-meaning.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { digestPersonal, readPersonal, signInHost } from '#wallet/personal-message.ts'
import { readTypedRequest } from '#wallet/typed-request.ts'
import type { Approvals } from './approvals.ts'
import { noRegistry } from './chain-glance.ts'
import type { PageReach } from './page-reach.ts'
import { chainMissing, limitExceeded, malformed, unauthorized, unsupported } from './provider-error.ts'
import type { Prepared, Sending } from './sending.ts'
import { readCapability, type SitePermissions } from './site-permissions.ts'
import type { WalletDesk } from './wallet-desk.ts'
import type { StoredWallet } from './wallet-record.ts'

type ProviderPorts = {
  readonly wallet: Pick<WalletDesk, 'stored' | 'state' | 'setNetwork'>
  readonly keyring: Pick<Keyring, 'signWith' | 'isUnlocked'>
  readonly permissions: SitePermissions
  readonly approvals: Pick<Approvals, 'ask'>
  readonly reach: Pick<PageReach, 'read' | 'control'>
  readonly sending: Pick<Sending, 'prepare' | 'send'>
  readonly crypto: Crypto
  readonly rpc: (network: Network) => JsonRpc
  /** The PTI contract of a network, if it has Paratii. */
  readonly token: (network: Network) => Promise<Address | undefined>
  readonly checkChain: (rpcUrl: string) => Promise<number>
  /** Whether a site may ask the chain once more now. */
  readonly passes: (origin: string) => boolean
}

/** Questions about the chain that the wallet passes on for a connected site: none of them signs or changes anything. */
const questions = new Set([
  'eth_blockNumber',
  'eth_call',
  'eth_estimateGas',
  'eth_feeHistory',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getCode',
  'eth_getLogs',
  'eth_getStorageAt',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_maxPriorityFeePerGas',
])

const addressParam = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{40}$/),
  v.transform(text => text.toLowerCase() as Address),
)
const hexParam = v.custom<Hex>(value => typeof value === 'string' && isHex(value.toLowerCase()))
const quantityParam = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{1,64}$/),
  v.transform(text => BigInt(text)),
)
const transactionParam = v.object({
  from: addressParam,
  to: v.nullish(addressParam),
  value: v.optional(quantityParam, '0x0'),
  data: v.optional(hexParam),
  input: v.optional(hexParam),
  gas: v.optional(quantityParam),
})
const chainParam = v.object({ chainId: v.pipe(v.string(), v.regex(/^0x[1-9a-f][0-9a-f]{0,12}$/i)) })
const addChainParam = v.object({
  ...chainParam.entries,
  chainName: v.pipe(v.string(), v.minLength(1), v.maxLength(40)),
  rpcUrls: v.pipe(v.array(urlField), v.minLength(1), v.maxLength(10)),
})

type Asked = { readonly origin: string; readonly params: unknown; readonly wallet: StoredWallet }

/** The provider of EIP-1193 for pages. Whatever it signs a person has seen in words, in a window of our own. */
export class ProviderDesk {
  readonly #ports: ProviderPorts
  readonly #methods: Readonly<Record<string, (asked: Asked) => Promise<unknown>>>

  constructor(ports: ProviderPorts) {
    this.#ports = ports
    this.#methods = {
      eth_chainId: async ({ wallet }) => `0x${wallet.network.chainId.toString(16)}`,
      net_version: async ({ wallet }) => String(wallet.network.chainId),
      eth_accounts: asked => this.#accounts(asked),
      eth_requestAccounts: asked => this.#connect(asked),
      wallet_requestPermissions: asked => this.#requestPermissions(asked),
      wallet_getPermissions: ({ origin }) => this.#ports.permissions.list(origin),
      wallet_revokePermissions: ({ origin, params }) =>
        this.#ports.permissions.revoke(origin, listOf(params)[0]),
      paratii_ipfsRead: asked => this.#ports.reach.read({ ...asked, params: listOf(asked.params) }),
      paratii_playerControl: asked => this.#ports.reach.control({ ...asked, params: listOf(asked.params) }),
      personal_sign: asked => this.#signPersonal(asked),
      eth_signTypedData_v4: asked => this.#signTyped(asked),
      eth_sendTransaction: asked => this.#sendTransaction(asked),
      wallet_switchEthereumChain: asked => this.#switchChain(asked),
      wallet_addEthereumChain: asked => this.#addChain(asked),
    }
  }

  /** Answers a request of a page of this origin. Throws ProviderError, or ParatiiError for what it stands for. */
  async request(origin: string, { method, params }: ProviderRequest): Promise<unknown> {
    if (!this.#ports.passes(origin)) throw limitExceeded()
    const asked = { origin, params, wallet: await this.#ports.wallet.stored() }
    const answer = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined
    if (answer !== undefined) return answer(asked)
    if (!questions.has(method)) throw unsupported(method)
    await this.#demandConnected(origin)
    return this.#ports.rpc(asked.wallet.network).request(method, listOf(params))
  }

  /** The accounts that a site sees: none while the wallet is locked. */
  async #accounts({ origin, wallet }: Pick<Asked, 'origin' | 'wallet'>): Promise<readonly Address[]> {
    const isConnected = await this.#ports.permissions.has(origin, 'eth_accounts')
    return isConnected && (await this.#ports.keyring.isUnlocked()) ? [wallet.account.address] : []
  }

  async #connect(asked: Asked): Promise<readonly Address[]> {
    const present = await this.#accounts(asked)
    if (present.length > 0) return present
    // Connected before and locked now: opening the wallet is all that is asked for.
    const { origin, wallet } = asked
    await this.#ports.approvals.ask({
      asks: 'connect',
      origin,
      account: wallet.account.address,
      warnings: [],
    })
    await this.#ports.permissions.grant(origin, 'eth_accounts')
    return [(await this.#ports.wallet.stored()).account.address]
  }

  async #requestPermissions(asked: Asked): Promise<unknown> {
    const capability = readCapability(listOf(asked.params)[0])
    if (capability === 'eth_accounts') await this.#connect(asked)
    else await this.#ports.permissions.demand(asked.origin, asked.wallet.account.address, capability)
    return this.#ports.permissions.list(asked.origin)
  }

  async #signPersonal({ origin, params, wallet }: Asked): Promise<Hex> {
    const read = v.safeParse(v.tuple([v.string(), addressParam]), listOf(params).slice(0, 2))
    if (!read.success) throw malformed()
    const [given, address] = read.output
    await this.#demandAccount(origin, wallet, address)
    const lower = given.toLowerCase()
    const message = isHex(lower) ? bytesFromHex(lower) : bytesFromUtf8(given)
    const text = readPersonal(message)
    const host = text === undefined ? undefined : signInHost(text)
    await this.#ports.approvals.ask({
      asks: 'message',
      origin,
      account: wallet.account.address,
      message: text ?? given,
      warnings: [
        ...(text === undefined ? (['not-text'] as const) : []),
        // A message that signs in to another site than the one that asks for it is how accounts are stolen.
        ...(host !== undefined && host !== new URL(origin).host ? (['other-site'] as const) : []),
      ],
    })
    return this.#sign(wallet, digestPersonal(message))
  }

  async #signTyped({ origin, params, wallet }: Asked): Promise<Hex> {
    const [address, data] = listOf(params)
    const read = v.safeParse(addressParam, address)
    if (!read.success) throw malformed()
    await this.#demandAccount(origin, wallet, read.output)
    const typed = orThrow(readTypedRequest(data))
    const { domain, primaryType, fields } = typed
    if (domain.chainId !== undefined && domain.chainId !== wallet.network.chainId)
      throw malformed('The domain is of another chain than the wallet is on.')
    // No contract of ours takes another name in its domain; what names one has no business here all the same.
    const token = await this.#ports.token(wallet.network).catch(() => undefined)
    if (domain.verifyingContract !== undefined && domain.verifyingContract === token) throw unauthorized()
    await this.#ports.approvals.ask({
      asks: 'typed',
      origin,
      account: wallet.account.address,
      primaryType,
      ...(domain.name === undefined ? {} : { application: domain.name.slice(0, 1000) }),
      ...(domain.verifyingContract === undefined ? {} : { contract: domain.verifyingContract }),
      fields: [...fields],
      warnings: couldMoveMoney(typed) ? ['moves-money'] : [],
    })
    return this.#sign(wallet, bytesFromHex(typed.digest))
  }

  async #sendTransaction({ origin, params, wallet }: Asked): Promise<Hex> {
    const read = v.safeParse(transactionParam, listOf(params)[0])
    if (!read.success) throw malformed()
    const { from, to, value, gas, input, data = input ?? '0x' } = read.output
    if (input !== undefined && input !== data) throw malformed('input and data differ.')
    await this.#demandAccount(origin, wallet, from)
    const { network, account } = wallet
    const draft = {
      to: to ?? undefined,
      valueWei: value,
      data: data.toLowerCase() as Hex,
      ...(gas === undefined ? {} : { gas }),
    }
    const [prepared, token] = await Promise.all([
      this.#ports.sending.prepare(network, account.address, draft),
      this.#ports.token(network).catch(() => undefined),
    ])
    await this.#ports.approvals.ask(describe(origin, account.address, prepared, token))
    await this.#demandSame(wallet)
    const { hash } = await this.#ports.sending.send(network, account, prepared, {
      token: draft.data === '0x' ? 'ETH' : 'call',
      wei: value,
      site: origin,
      ...(draft.to === undefined ? {} : { to: draft.to }),
    })
    return hash
  }

  async #switchChain({ origin, params, wallet }: Asked): Promise<null> {
    const read = v.safeParse(chainParam, listOf(params)[0])
    if (!read.success) throw malformed()
    const chainId = Number(read.output.chainId)
    const known = wallet.networks.find(network => network.chainId === chainId)
    if (known === undefined) throw chainMissing()
    return this.#goTo(origin, wallet, known, false)
  }

  async #addChain({ origin, params, wallet }: Asked): Promise<null> {
    const read = v.safeParse(addChainParam, listOf(params)[0])
    if (!read.success) throw malformed()
    const { chainName, rpcUrls } = read.output
    const chainId = Number(read.output.chainId)
    const known = wallet.networks.find(network => network.chainId === chainId)
    // What the person entered stays: a site cannot put its own node in the place of theirs.
    if (known !== undefined) return this.#goTo(origin, wallet, known, false)
    await this.#demandConnected(origin)
    const [rpcUrl = ''] = rpcUrls
    if ((await this.#ports.checkChain(rpcUrl)) !== chainId)
      throw malformed('The node at this address is of another chain.')
    return this.#goTo(origin, wallet, { name: chainName, chainId, rpcUrl, registry: noRegistry }, true)
  }

  async #goTo(origin: string, wallet: StoredWallet, network: Network, isNew: boolean): Promise<null> {
    if (network.chainId === wallet.network.chainId) return null
    await this.#demandConnected(origin)
    const { name, chainId, rpcUrl } = network
    await this.#ports.approvals.ask({
      asks: 'network',
      origin,
      account: wallet.account.address,
      warnings: [],
      name,
      chainId,
      rpcUrl,
      isNew,
    })
    await this.#ports.wallet.setNetwork(network)
    return null
  }

  async #sign(wallet: StoredWallet, digest: Uint8Array): Promise<Hex> {
    await this.#demandSame(wallet)
    const { crypto, keyring } = this.#ports
    return keyring.signWith(wallet.account.index, key => compactToLong(crypto.sign(digest, key)))
  }

  /** What was shown was for one account on one chain. */
  async #demandSame({ account, network }: StoredWallet): Promise<void> {
    const now = await this.#ports.wallet.stored()
    if (now.account.address !== account.address || now.network.chainId !== network.chainId)
      throw unauthorized('The account or the chain was changed meanwhile.')
  }

  async #demandConnected(origin: string): Promise<void> {
    if (!(await this.#ports.permissions.has(origin, 'eth_accounts'))) throw unauthorized()
  }

  async #demandAccount(origin: string, { account }: StoredWallet, asked: string): Promise<void> {
    await this.#demandConnected(origin)
    if (asked !== account.address)
      throw unauthorized('This account is not the one that the site is connected to.')
  }
}

function describe(origin: string, account: Address, prepared: Prepared, token: Address | undefined) {
  const { to, valueWei, data, gas, maxFeeWei } = prepared.transaction
  const meaning = readCall(to, data)
  const givesAway =
    (meaning.does === 'approve' && isUnlimited(meaning.amount)) ||
    (meaning.does === 'approve-all' && meaning.allowed)
  return {
    asks: 'transaction' as const,
    origin,
    account,
    ...(to === undefined ? {} : { to }),
    valueWei,
    feeWei: gas * maxFeeWei,
    meaning,
    isPti: to !== undefined && to === token,
    warnings: [
      ...(givesAway ? (['unlimited'] as const) : []),
      ...(meaning.does === 'call' || meaning.does === 'create-contract' ? (['unknown-call'] as const) : []),
      ...(prepared.willFail ? (['will-fail'] as const) : []),
    ],
  }
}

const listOf = (params: unknown): readonly unknown[] =>
  Array.isArray(params) ? params.slice(0, 10) : params === undefined || params === null ? [] : [params]
