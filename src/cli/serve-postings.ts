import { hexlify, Wallet } from 'ethers'
import { connectRpc } from '#chain/http-rpc.ts'
import { createMarketReader } from '#chain/market-reader.ts'
import { createPostingChannels } from '#chain/posting-channels.ts'
import { createSender } from '#chain/sender.ts'
import type { MessageNode } from '#network/message-node.ts'
import { servePosting } from '#network/posting-host.ts'
import { PostingDesk } from '#roles/host/posting-desk.ts'
import { errorFrom } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Random } from '#std/ports/random.ts'
import { chainConfigFrom } from './chain-access.ts'
import type { CommandContext } from './context.ts'
import type { RoleStore } from './role-store.ts'

const withdrawWithinMs = 60_000

/** Stores and pins what publishers pay for by channel, at this fee; what was earned is paid out when the host stops. */
export const servePostings = async (
  { shutdown }: CommandContext,
  { config, crypto, keys, notice, reader, records }: RoleStore,
  parts: { readonly node: MessageNode; readonly blocks: Blocks; readonly random: Random },
  feeWei: bigint,
): Promise<void> => {
  const { chainId, rpcUrl } = chainConfigFrom(config)
  const rpc = connectRpc(rpcUrl)
  const addresses = await reader.addresses(shutdown.signal)
  const sender = createSender(rpc, chainId, new Wallet(hexlify(keys.walletKey)))
  const desk = new PostingDesk({
    chainId,
    reader,
    market: createMarketReader(addresses, rpc),
    channels: createPostingChannels(addresses, sender),
    records,
    crypto,
    nodeKey: keys.nodeKey,
    feeWei,
    ...parts,
  })
  const end = await servePosting(parts.node, desk)
  shutdown.add('postings', async () => {
    await end()
    const paid = await desk.withdraw(AbortSignal.timeout(withdrawWithinMs)).catch(thrown => {
      notice('withdraw-failed', { code: errorFrom(thrown).code })
      return []
    })
    for (const channel of paid) notice('posting-paid', { channel })
  })
}
