// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ParatiiRegistry} from "../ParatiiRegistry.sol";
import {ParatiiToken} from "../ParatiiToken.sol";
import {IVideoStoreTypes} from "../interfaces/IVideoStoreTypes.sol";
import {IVideoTerms} from "../interfaces/IVideoTerms.sol";
import {Allotments} from "../libraries/Allotments.sol";
import {Deal, Deals} from "../libraries/Deals.sol";
import {PaymentLists, Payments} from "../libraries/Payments.sol";
import {PurchaseWord, PurchaseWords} from "../libraries/PurchaseWord.sol";
import {Tally} from "../libraries/Tallies.sol";
import {Permits} from "./Permits.sol";

/// @title The purchases of a store: where they are, what they are called, how they stand
abstract contract PurchaseBook is IVideoStoreTypes, EIP712, Permits {
    using PaymentLists for Payments;

    /// @dev Trees that a purchase got after the first.
    struct Further {
        uint40 total; // of their sums
        bytes32[] words;
    }

    uint256 private constant _LANES_PER_WORD = 6;

    /// @notice Seconds from a request to close to the end of the escrow, in which hosts settle.
    uint256 public immutable PERIOD;
    /// @notice Where the terms of sale are looked up when a purchase opens.
    IVideoTerms public immutable videos;
    /// @notice Where the receiver of redistribution is looked up ("ParatiiAvatar").
    ParatiiRegistry public immutable registry;

    mapping(bytes32 nonce => mapping(uint256 group => uint256)) private _lanes;
    mapping(bytes32 nonce => Further) internal _further;

    constructor(ParatiiToken token_, IVideoTerms videos_, ParatiiRegistry registry_, uint32 period) Permits(token_) {
        videos = videos_;
        registry = registry_;
        PERIOD = period;
    }

    /// @notice A purchase as it stands. Reverts if it was never opened.
    function purchaseOf(bytes32 nonce) external view returns (Purchase memory) {
        PurchaseWord word = _load(nonce);
        return Purchase({
            buyer: word.depth() == 0 ? word.buyer() : address(0),
            byteCount: uint40(word.total()),
            escrowEnd: uint40(word.end()),
            depth: uint8(word.depth()),
            closing: word.closing(),
            reclaimed: word.reclaimed()
        });
    }

    /// @notice When the escrow ends (unix seconds): settled before, reclaimed from then on.
    function escrowEnd(bytes32 nonce) external view returns (uint40) {
        return uint40(_load(nonce).end());
    }

    /// @notice Bytes counted for one host, by the index of its leaf (0 for a pinned host), by receipts: not by a list.
    function paidBytes(bytes32 nonce, uint32 leaf) external view returns (uint40) {
        PurchaseWord word = _load(nonce);
        return uint40(_paidOf(nonce, word, leaf));
    }

    /// @notice The root words of the trees that a purchase got after the first.
    function furtherAllotments(bytes32 nonce) external view returns (bytes32[] memory) {
        return _further[nonce].words;
    }

    /// @notice Whether `account` has paid, by this purchase, the whole price of the deal's format. It stays so when the
    /// purchase has ended.
    /// @param buyer The buyer where it is part of the name (depth > 0), else zero.
    function owns(address account, Deal calldata deal, address signer, bytes32 allotments, address buyer)
        external
        view
        returns (bool)
    {
        return _owns(account, nonceOf(hashDeal(deal), signer, allotments, buyer), buyer, deal.terms.size);
    }

    /// @notice keccak256(abi.encode(hash of the terms, capacity, depth, affiliate)).
    function hashDeal(Deal calldata deal) public pure returns (bytes32) {
        return Deals.hash(Deals.hashCalldata(deal.terms), deal);
    }

    /// @notice The name of a purchase.
    /// @param buyer The buyer for depth > 0; zero with a pinned host.
    function nonceOf(bytes32 deal, address signer, bytes32 allotments, address buyer) public pure returns (bytes32) {
        return buyer == address(0)
            ? keccak256(abi.encode(deal, signer, allotments))
            : keccak256(abi.encode(deal, signer, allotments, buyer));
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @dev Whether a purchase is of `account` and has counted a whole format.
    function _owns(address account, bytes32 nonce, address named, uint256 size) internal view returns (bool) {
        PurchaseWord word = PurchaseWords.load(nonce);
        return word.exists() && _buyerOf(word, named) == account && word.total() >= size;
    }

    function _paidOf(bytes32 nonce, PurchaseWord word, uint256 leaf) internal view returns (uint256) {
        return word.depth() == 0 ? word.total() : _laneOf(nonce, word, leaf);
    }

    function _laneOf(bytes32 nonce, PurchaseWord word, uint256 leaf) internal view returns (uint256) {
        if (leaf < PurchaseWords.LANES) return word.lane(leaf);
        return (_lanes[nonce][leaf / _LANES_PER_WORD] >> (40 * (leaf % _LANES_PER_WORD))) & Allotments.SUM_MASK;
    }

    function _addToLane(bytes32 nonce, PurchaseWord word, uint256 leaf, uint256 byteCount)
        internal
        returns (PurchaseWord)
    {
        if (leaf < PurchaseWords.LANES) return word.addLane(leaf, byteCount);
        _lanes[nonce][leaf / _LANES_PER_WORD] += byteCount << (40 * (leaf % _LANES_PER_WORD));
        return word;
    }

    /// @dev Who receives the shares for redistribution: looked up only if a deal has one.
    function _avatarOf(Deal calldata deal) internal view returns (address) {
        return deal.terms.avatarBps == 0 ? address(0) : registry.addressOf("ParatiiAvatar");
    }

    /// @dev Room in a list of payments for those of `_addShares`.
    function _sharesOf(uint256 deals) internal pure returns (uint256) {
        return 2 * deals + 1;
    }

    /// @dev One payment for neighbouring deals of one owner, one a deal to affiliates, one to the avatar.
    function _addShares(Payments memory list, Tally[] memory tallies, address avatar) internal pure {
        address owner;
        uint256 owed;
        uint256 redistributed;
        for (uint256 i; i < tallies.length; ++i) {
            Tally memory tally = tallies[i];
            if (tally.owner != owner) {
                list.add(owner, owed);
                owner = tally.owner;
                owed = 0;
            }
            owed += tally.toOwner;
            redistributed += tally.toAvatar;
            list.add(tally.affiliate, tally.toAffiliate);
        }
        list.add(owner, owed);
        list.add(avatar, redistributed);
    }

    function _load(bytes32 nonce) internal view returns (PurchaseWord word) {
        word = PurchaseWords.load(nonce);
        if (!word.exists()) revert VideoStore_UnknownPurchase(nonce);
    }

    function _buyerOf(PurchaseWord word, address named) internal pure returns (address) {
        return word.depth() == 0 ? word.buyer() : named;
    }
}
