// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Allotments} from "../libraries/Allotments.sol";
import {CompactSignatures} from "../libraries/CompactSignatures.sol";
import {Deal} from "../libraries/Deals.sol";
import {PaymentLists, Payments} from "../libraries/Payments.sol";
import {PinnedReceipts} from "../libraries/PinnedReceipts.sol";
import {PurchaseWord, PurchaseWords} from "../libraries/PurchaseWord.sol";
import {SignedStructs} from "../libraries/SignedStructs.sol";
import {Tallies, Tally} from "../libraries/Tallies.sol";
import {PurchaseBook} from "./PurchaseBook.sol";

/// @title Counting receipts and paying for them
abstract contract Settling is PurchaseBook {
    using CompactSignatures for bytes32;
    using PaymentLists for Payments;
    using Tallies for Tally;

    /// @dev One purchase while its receipts are counted.
    struct Run {
        bytes32 nonce;
        PurchaseWord word;
        Tally tally;
        bytes32 domain;
        uint256 before; // bytes counted for the host of the receipt at hand
        uint256 byteCount; // of the receipt at hand, cut to its cap
    }

    /// @notice Counts receipts and pays hosts, owners, affiliates and redistribution what they newly earned. Anybody may
    /// send it; who is paid is fixed by deals and allotments. A receipt that is stale, unknown, ended or not well signed
    /// is skipped, with an event, and harms no other; bytes above a host's cap are not counted.
    /// @param payees The hosts that items name by index.
    /// @param deals The deals that items name by index; put deals of one owner side by side.
    function settle(
        Payee[] calldata payees,
        Deal[] calldata deals,
        PinnedGroup[] calldata pinned,
        TreeGroup[] calldata trees
    ) external {
        address avatar;
        for (uint256 i; i < deals.length && avatar == address(0); ++i) {
            avatar = _avatarOf(deals[i]);
        }
        Tally[] memory tallies = new Tally[](deals.length);
        for (uint256 i; i < deals.length; ++i) {
            tallies[i].load(deals[i], avatar != address(0));
        }
        uint256[] memory fees = new uint256[](payees.length);
        for (uint256 i; i < pinned.length; ++i) {
            PinnedGroup calldata group = pinned[i];
            fees[group.payee] += _settlePinned(group, tallies[group.deal], payees[group.payee]);
        }
        for (uint256 i; i < trees.length; ++i) {
            TreeGroup calldata group = trees[i];
            _settleTree(group, tallies[group.deal], payees, fees);
        }
        Payments memory list = PaymentLists.create(payees.length + _sharesOf(deals.length));
        for (uint256 i; i < payees.length; ++i) {
            list.add(payees[i].payout, fees[i]);
        }
        _addShares(list, tallies, avatar);
        _payAll(list);
    }

    /// @return fees What the host newly earned.
    function _settlePinned(PinnedGroup calldata group, Tally memory tally, Payee calldata payee)
        private
        returns (uint256 fees)
    {
        bytes32 allotments = Allotments.leaf(0, payee.key, payee.payout, group.cap);
        if (payee.payout == address(0)) {
            for (uint256 i; i < group.receipts.length; ++i) {
                bytes32 nonce = nonceOf(
                    tally.deal, address(uint160(group.receipts[i].signerAndBytes >> 96)), allotments, address(0)
                );
                emit ReceiptSkipped(nonce, 0, SkipReason.BadPayee);
            }
            return 0;
        }
        return tally.fee
            * PinnedReceipts.count(
                group.receipts, _domainSeparatorV4(), payee.key, payee.payout, group.cap, allotments, tally
            );
    }

    /// @dev Adds to `fees` what each host newly earned.
    function _settleTree(
        TreeGroup calldata group,
        Tally memory tally,
        Payee[] calldata payees,
        uint256[] memory fees
    ) private {
        Run memory run;
        run.nonce = keccak256(abi.encode(tally.deal, group.signer, group.allotments, group.buyer));
        run.word = PurchaseWords.load(run.nonce);
        run.tally = tally;
        run.domain = _domainSeparatorV4();
        uint256[] memory items = new uint256[](group.receipts.length);
        uint256 count;
        for (uint256 i; i < items.length; ++i) {
            TreeReceipt calldata receipt = group.receipts[i];
            uint256 payee = receipt.payee;
            (uint256 newly, uint256 item) = _countReceipt(run, group, receipt, payees[payee]);
            if (newly == 0) continue;
            unchecked {
                fees[payee] += newly * tally.fee; // 40 bits * 64 bits
                items[count++] = item;
            }
        }
        if (count == 0) return;
        run.word.store(run.nonce);
        assembly ("memory-safe") {
            mstore(items, count)
        }
        emit TreeSettled(run.nonce, tally.owner, items);
    }

    /// @return newly Bytes that the receipt adds, zero if it is skipped.
    /// @return item What is logged of it.
    function _countReceipt(
        Run memory run,
        TreeGroup calldata group,
        TreeReceipt calldata receipt,
        Payee calldata payee
    ) private returns (uint256 newly, uint256 item) {
        PurchaseWord word = run.word;
        uint256 leaf = receipt.leaf;
        uint256 before = _laneOf(run.nonce, word, leaf);
        uint256 byteCount = receipt.byteCount < receipt.cap ? receipt.byteCount : receipt.cap;
        (run.before, run.byteCount) = (before, byteCount);
        (bool counts, SkipReason reason) = _judge(run, group, receipt, payee);
        if (!counts) {
            emit ReceiptSkipped(run.nonce, uint32(leaf), reason);
            return (0, 0);
        }
        unchecked {
            newly = byteCount - before;
            uint256 total = word.total();
            run.tally.count(total, total + newly);
            run.word = _addToLane(run.nonce, word.addTotal(newly), leaf, newly);
            item = (uint256(uint160(payee.payout)) << 96) | (leaf << 40) | byteCount;
        }
    }

    /// @dev Whether a receipt counts, and if not, why.
    function _judge(
        Run memory run,
        TreeGroup calldata group,
        TreeReceipt calldata receipt,
        Payee calldata payee
    ) private view returns (bool counts, SkipReason reason) {
        (bytes32 nonce, PurchaseWord word) = (run.nonce, run.word);
        if (!word.exists()) return (false, SkipReason.UnknownPurchase);
        if (run.byteCount <= run.before) return (false, SkipReason.Stale);
        if (block.timestamp >= word.end()) return (false, SkipReason.Ended);
        if (payee.payout == address(0)) return (false, SkipReason.BadPayee);
        if (!_isAllotted(nonce, word.depth(), group.allotments, receipt, payee)) return (false, SkipReason.BadBranch);
        bytes32 digest = SignedStructs.digestReceipt(
            run.domain, nonce, receipt.leaf, receipt.byteCount, receipt.hash
        );
        counts = digest.recover(receipt.signature) == group.signer;
        reason = SkipReason.BadSignature;
    }

    function _isAllotted(
        bytes32 nonce,
        uint256 depth,
        bytes32 first,
        TreeReceipt calldata receipt,
        Payee calldata payee
    ) private view returns (bool) {
        if (receipt.siblings.length != depth) return false;
        uint256 tree = uint256(receipt.leaf) >> depth;
        bytes32 expected = first;
        if (tree != 0) {
            bytes32[] storage words = _further[nonce].words;
            if (tree > words.length) return false;
            expected = words[tree - 1];
        }
        bytes32 leaf = Allotments.leaf(receipt.leaf, payee.key, payee.payout, receipt.cap);
        (bool fits, bytes32 root) = Allotments.tryRoot(leaf, receipt.leaf, receipt.siblings);
        return fits && root == expected;
    }
}
