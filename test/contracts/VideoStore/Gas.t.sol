// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VideoStore} from "../../../contracts/VideoStore.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {PinnedReceipt} from "../../../contracts/libraries/PinnedReceipts.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

/// @dev Execution gas of the calls alone; bench/gas measures whole transactions.
contract VideoStoreGasTest is StoreFixture {
    error Gas(uint256 used);
    function test_print() external {
        uint40 capacity = SIZE;
        PinnedReceipt[] memory receipts = new PinnedReceipt[](100);
        Deal memory deal = pinnedOrder(capacity, 0).deal;
        for (uint256 i; i < 100; ++i) {
            bytes32 nonce = buy(pinnedOrder(capacity, bytes32(i)), SIGNER_KEY + i);
            receipts[i] = pinnedReceipt(nonce, SIGNER_KEY + i, 5_000_000);
        }
        uint256 before = gasleft();
        settlePinned(deal, capacity, receipts);
        revert Gas(before - gasleft());
    }
}
