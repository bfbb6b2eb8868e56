// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {StoreFixture} from "../support/StoreFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev One buyer, hosts in trees of four, further trees, and lists, in any order; one purchase after another. Two leaves
/// never share a host here, so that each payout address is one leaf's book.
contract TreeHandler is StoreFixture {
    uint40 private constant _CAP = 3_000_000;
    uint40 private constant _CAPACITY = 8 * _CAP;
    uint8 private constant _DEPTH = 2;

    uint256 private _now = 1_800_000_000;
    uint256 private _opened;
    bytes32 private _nonce;
    Deal private _deal;
    uint256 private _trees;
    uint256[12] private _counted; // by leaf, of the open purchase
    uint256 private _earnedBefore; // by all hosts and the owner, of purchases that have ended
    bool private _proposed;
    uint40[12] private _listed;
    bool public broken;

    constructor() {
        deploy();
    }

    function open() external {
        if (_nonce != 0) return;
        vm.warp(_now);
        IVideoStoreTypes.Order memory order = treeOrder(treeAt(0), _CAPACITY, bytes32(++_opened));
        _deal = order.deal;
        _nonce = buy(order, key());
        _trees = 1;
        delete _counted;
        _proposed = false;
    }

    function allot(bool forged) external {
        if (_nonce == 0 || _trees == 3) return;
        vm.warp(_now);
        bytes32 root = rootOf(treeAt(_trees));
        Signature memory signature = signAllot(forged ? key() + 1 : key(), _nonce, uint32(_trees), root);
        try store.allot(_deal, vm.addr(key()), BUYER, rootOf(treeAt(0)), root, signature) {
            if (forged || _trees == 2) broken = true; // the third would be more than the escrow holds
            ++_trees;
        } catch {}
    }

    function settle(uint256 which, uint40 byteCount, uint256 how) external {
        if (_nonce == 0) return;
        vm.warp(_now);
        uint32 leaf = uint32(which % 12);
        byteCount = uint40(bound(byteCount, 0, 2 * _CAP));
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](2);
        for (uint256 i; i < 2; ++i) {
            receipts[i] = receiptOf(leaf, uint40(byteCount / (i + 1)));
        }
        bool valid = leaf < 4 * _trees && _now < store.escrowEnd(_nonce);
        if (how % 4 == 0) {
            receipts[0].cap += 1;
            receipts[1].leaf = (leaf + 4) % 12;
            valid = false;
        }
        settleAll(receipts);
        uint256 counted = byteCount < _CAP ? byteCount : _CAP;
        if (valid && counted > _counted[leaf]) _counted[leaf] = counted;
    }

    function close(uint40 byteCount, bool together) external {
        if (_nonce == 0) return;
        vm.warp(_now);
        if (!together) {
            vm.prank(BUYER);
            try store.requestClose(store.hashDeal(_deal), vm.addr(key()), rootOf(treeAt(0)), BUYER) {} catch {}
            return;
        }
        if (_proposed) return;
        for (uint256 i; i < 12; ++i) {
            _listed[i] = uint40((uint256(byteCount) * (i + 3)) % (2 * _CAP));
        }
        try store.closeTogether(listOf(), new Signature[](0)) {
            _proposed = true;
        } catch {}
    }

    function end() external {
        if (_nonce == 0) return;
        vm.warp(_now);
        bool may = _now >= store.escrowEnd(_nonce);
        bool ended;
        if (_proposed) {
            try store.finish(listOf()) {
                ended = true;
            } catch {}
            for (uint256 i; ended && i < 4 * _trees; ++i) {
                uint256 listed = _listed[i] < _CAP ? _listed[i] : _CAP;
                if (listed > _counted[i]) _counted[i] = listed;
            }
        } else {
            try store.reclaim(_deal, vm.addr(key()), rootOf(treeAt(0)), BUYER) {
                ended = true;
            } catch {}
        }
        if (ended != may) broken = true;
        if (!ended) return;
        (uint256 gross, uint256 fees) = earned();
        _earnedBefore += gross + fees;
        delete _counted;
        _nonce = 0;
    }

    function pass(uint256 time) external {
        _now += bound(time, 0, PERIOD);
    }

    function check() external view {
        (uint256 gross, uint256 fees) = earned();
        uint256 held = token.balanceOf(address(store));
        assertEq(held, _nonce == 0 ? 0 : escrowOf(_deal) - gross - fees, "tokens held are the open escrow");
        assertEq(token.balanceOf(BUYER) + held + _earnedBefore + gross + fees, 100_000 ether, "nothing is lost");
        uint256 paid = token.balanceOf(OWNER) + token.balanceOf(AFFILIATE) + token.balanceOf(AVATAR);
        for (uint256 i; i < 12; ++i) {
            paid += token.balanceOf(hostOf(i).payout);
            if (_nonce != 0) assertEq(store.paidBytes(_nonce, uint32(i)), _counted[i], "a leaf's bytes");
        }
        assertEq(paid, _earnedBefore + gross + fees, "everybody is paid what the bytes earned");
        assertTrue(!broken, "ended in time, and nothing over-allotted");
    }

    function earned() private view returns (uint256 gross, uint256 fees) {
        if (_nonce == 0) return (0, 0);
        uint256 total;
        for (uint256 i; i < 12; ++i) {
            total += _counted[i];
        }
        (gross,,) = sharesOf(_deal, total);
        fees = total * FEE;
    }

    function key() private view returns (uint256) {
        return 5000 + _opened;
    }

    /// @dev Leaves of one tree: hosts 4n to 4n + 3.
    function treeAt(uint256 number) private pure returns (bytes32[][] memory tree) {
        tree = treeOf(4 * (number + 1), _CAP, 0, 4);
        bytes32[][] memory part = new bytes32[][](_DEPTH + 1);
        for (uint256 level; level <= _DEPTH; ++level) {
            part[level] = new bytes32[](4 >> level);
            for (uint256 i; i < part[level].length; ++i) {
                part[level][i] = tree[level][number * part[level].length + i];
            }
        }
        return part;
    }

    function receiptOf(uint32 leaf, uint40 byteCount) private view returns (IVideoStoreTypes.TreeReceipt memory) {
        return treeReceipt(_nonce, key(), treeAt(leaf / 4), uint16(leaf), leaf, _CAP, byteCount);
    }

    function settleAll(IVideoStoreTypes.TreeReceipt[] memory receipts) private {
        settleTree(_deal, key(), rootOf(treeAt(0)), 12, receipts);
    }

    function listOf() private view returns (IVideoStoreTypes.Ending memory ending) {
        ending.deal = _deal;
        ending.signer = vm.addr(key());
        ending.buyer = BUYER;
        ending.allotments = rootOf(treeAt(0));
        ending.counts = new uint256[](_trees);
        ending.shares = new IVideoStoreTypes.Share[](4 * _trees);
        bytes memory shares;
        for (uint256 i; i < ending.shares.length; ++i) {
            ending.counts[i / 4] = 4;
            IVideoStoreTypes.Payee memory host = hostOf(i);
            ending.shares[i].keyCapBytes =
                (uint256(uint160(host.key)) << 96) | (uint256(_CAP) << 40) | _listed[i];
            ending.shares[i].payout = host.payout;
            shares = bytes.concat(shares, abi.encode(ending.shares[i]));
        }
        bytes32 typeHash = keccak256("CloseTogether(bytes32 purchase,bytes32 counts,bytes32 shares)");
        bytes32 structHash =
            keccak256(abi.encode(typeHash, _nonce, keccak256(abi.encodePacked(ending.counts)), keccak256(shares)));
        ending.signature = sign(key(), toDigest(store.domainSeparator(), structHash));
    }
}

contract VideoStoreTreeInvariantsTest is Test {
    TreeHandler private _handler;
    address[] private _targets;

    function setUp() external {
        _handler = new TreeHandler();
        _targets.push(address(_handler));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function invariant_TheBooksBalance() external view {
        _handler.check();
    }
}
