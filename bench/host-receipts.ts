import { cryptoNative } from '#adapters/crypto-native.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import { roleFolder } from '#cli/role-folder.ts'
import { foldersFor } from '#daemon/folders.ts'
import type { Town } from '#devnet/town.ts'
import { listHeldReceipts } from '#roles/host/served-purchases.ts'
import type { PurchaseNonce } from '#std/brand.ts'

/** Bytes that the hosts' newest receipts say, by purchase, over all hosts; read beside the running daemons. */
export const readReceiptBytes = async (hosts: Town['hosts']): Promise<ReadonlyMap<PurchaseNonce, number>> => {
  const bytes = new Map<PurchaseNonce, number>()
  for (const { command } of hosts) {
    const records = openSqliteRecords(roleFolder(foldersFor(command.home, {}), 'host').records)
    try {
      for (const { nonce, receipt } of await listHeldReceipts(cryptoNative, records))
        bytes.set(nonce, (bytes.get(nonce) ?? 0) + receipt.bytes)
    } finally {
      records.close()
    }
  }
  return bytes
}
