/// `runtime/unicode.txt`, written by `python -m tests.runtime.write_unicode`.
let unicodeTable = """
    L 41 5a
    L 61 7a
    L aa aa
    L b5 b5
    L ba ba
    L c0 d6
    L d8 f6
    L f8 2c1
    L 2c6 2d1
    L 2e0 2e4
    L 2ec 2ec
    L 2ee 2ee
    L 370 374
    L 376 377
    L 37a 37d
    L 37f 37f
    L 386 386
    L 388 38a
    L 38c 38c
    L 38e 3a1
    L 3a3 3f5
    L 3f7 481
    L 48a 52f
    L 531 556
    L 559 559
    L 560 588
    L 5d0 5ea
    L 5ef 5f2
    L 620 64a
    L 66e 66f
    L 671 6d3
    L 6d5 6d5
    L 6e5 6e6
    L 6ee 6ef
    L 6fa 6fc
    L 6ff 6ff
    L 710 710
    L 712 72f
    L 74d 7a5
    L 7b1 7b1
    L 7ca 7ea
    L 7f4 7f5
    L 7fa 7fa
    L 800 815
    L 81a 81a
    L 824 824
    L 828 828
    L 840 858
    L 860 86a
    L 870 887
    L 889 88e
    L 8a0 8c9
    L 904 939
    L 93d 93d
    L 950 950
    L 958 961
    L 971 980
    L 985 98c
    L 98f 990
    L 993 9a8
    L 9aa 9b0
    L 9b2 9b2
    L 9b6 9b9
    L 9bd 9bd
    L 9ce 9ce
    L 9dc 9dd
    L 9df 9e1
    L 9f0 9f1
    L 9fc 9fc
    L a05 a0a
    L a0f a10
    L a13 a28
    L a2a a30
    L a32 a33
    L a35 a36
    L a38 a39
    L a59 a5c
    L a5e a5e
    L a72 a74
    L a85 a8d
    L a8f a91
    L a93 aa8
    L aaa ab0
    L ab2 ab3
    L ab5 ab9
    L abd abd
    L ad0 ad0
    L ae0 ae1
    L af9 af9
    L b05 b0c
    L b0f b10
    L b13 b28
    L b2a b30
    L b32 b33
    L b35 b39
    L b3d b3d
    L b5c b5d
    L b5f b61
    L b71 b71
    L b83 b83
    L b85 b8a
    L b8e b90
    L b92 b95
    L b99 b9a
    L b9c b9c
    L b9e b9f
    L ba3 ba4
    L ba8 baa
    L bae bb9
    L bd0 bd0
    L c05 c0c
    L c0e c10
    L c12 c28
    L c2a c39
    L c3d c3d
    L c58 c5a
    L c5d c5d
    L c60 c61
    L c80 c80
    L c85 c8c
    L c8e c90
    L c92 ca8
    L caa cb3
    L cb5 cb9
    L cbd cbd
    L cdd cde
    L ce0 ce1
    L cf1 cf2
    L d04 d0c
    L d0e d10
    L d12 d3a
    L d3d d3d
    L d4e d4e
    L d54 d56
    L d5f d61
    L d7a d7f
    L d85 d96
    L d9a db1
    L db3 dbb
    L dbd dbd
    L dc0 dc6
    L e01 e30
    L e32 e33
    L e40 e46
    L e81 e82
    L e84 e84
    L e86 e8a
    L e8c ea3
    L ea5 ea5
    L ea7 eb0
    L eb2 eb3
    L ebd ebd
    L ec0 ec4
    L ec6 ec6
    L edc edf
    L f00 f00
    L f40 f47
    L f49 f6c
    L f88 f8c
    L 1000 102a
    L 103f 103f
    L 1050 1055
    L 105a 105d
    L 1061 1061
    L 1065 1066
    L 106e 1070
    L 1075 1081
    L 108e 108e
    L 10a0 10c5
    L 10c7 10c7
    L 10cd 10cd
    L 10d0 10fa
    L 10fc 1248
    L 124a 124d
    L 1250 1256
    L 1258 1258
    L 125a 125d
    L 1260 1288
    L 128a 128d
    L 1290 12b0
    L 12b2 12b5
    L 12b8 12be
    L 12c0 12c0
    L 12c2 12c5
    L 12c8 12d6
    L 12d8 1310
    L 1312 1315
    L 1318 135a
    L 1380 138f
    L 13a0 13f5
    L 13f8 13fd
    L 1401 166c
    L 166f 167f
    L 1681 169a
    L 16a0 16ea
    L 16f1 16f8
    L 1700 1711
    L 171f 1731
    L 1740 1751
    L 1760 176c
    L 176e 1770
    L 1780 17b3
    L 17d7 17d7
    L 17dc 17dc
    L 1820 1878
    L 1880 1884
    L 1887 18a8
    L 18aa 18aa
    L 18b0 18f5
    L 1900 191e
    L 1950 196d
    L 1970 1974
    L 1980 19ab
    L 19b0 19c9
    L 1a00 1a16
    L 1a20 1a54
    L 1aa7 1aa7
    L 1b05 1b33
    L 1b45 1b4c
    L 1b83 1ba0
    L 1bae 1baf
    L 1bba 1be5
    L 1c00 1c23
    L 1c4d 1c4f
    L 1c5a 1c7d
    L 1c80 1c8a
    L 1c90 1cba
    L 1cbd 1cbf
    L 1ce9 1cec
    L 1cee 1cf3
    L 1cf5 1cf6
    L 1cfa 1cfa
    L 1d00 1dbf
    L 1e00 1f15
    L 1f18 1f1d
    L 1f20 1f45
    L 1f48 1f4d
    L 1f50 1f57
    L 1f59 1f59
    L 1f5b 1f5b
    L 1f5d 1f5d
    L 1f5f 1f7d
    L 1f80 1fb4
    L 1fb6 1fbc
    L 1fbe 1fbe
    L 1fc2 1fc4
    L 1fc6 1fcc
    L 1fd0 1fd3
    L 1fd6 1fdb
    L 1fe0 1fec
    L 1ff2 1ff4
    L 1ff6 1ffc
    L 2071 2071
    L 207f 207f
    L 2090 209c
    L 2102 2102
    L 2107 2107
    L 210a 2113
    L 2115 2115
    L 2119 211d
    L 2124 2124
    L 2126 2126
    L 2128 2128
    L 212a 212d
    L 212f 2139
    L 213c 213f
    L 2145 2149
    L 214e 214e
    L 2183 2184
    L 2c00 2ce4
    L 2ceb 2cee
    L 2cf2 2cf3
    L 2d00 2d25
    L 2d27 2d27
    L 2d2d 2d2d
    L 2d30 2d67
    L 2d6f 2d6f
    L 2d80 2d96
    L 2da0 2da6
    L 2da8 2dae
    L 2db0 2db6
    L 2db8 2dbe
    L 2dc0 2dc6
    L 2dc8 2dce
    L 2dd0 2dd6
    L 2dd8 2dde
    L 2e2f 2e2f
    L 3005 3006
    L 3031 3035
    L 303b 303c
    L 3041 3096
    L 309d 309f
    L 30a1 30fa
    L 30fc 30ff
    L 3105 312f
    L 3131 318e
    L 31a0 31bf
    L 31f0 31ff
    L 3400 4dbf
    L 4e00 a48c
    L a4d0 a4fd
    L a500 a60c
    L a610 a61f
    L a62a a62b
    L a640 a66e
    L a67f a69d
    L a6a0 a6e5
    L a717 a71f
    L a722 a788
    L a78b a7cd
    L a7d0 a7d1
    L a7d3 a7d3
    L a7d5 a7dc
    L a7f2 a801
    L a803 a805
    L a807 a80a
    L a80c a822
    L a840 a873
    L a882 a8b3
    L a8f2 a8f7
    L a8fb a8fb
    L a8fd a8fe
    L a90a a925
    L a930 a946
    L a960 a97c
    L a984 a9b2
    L a9cf a9cf
    L a9e0 a9e4
    L a9e6 a9ef
    L a9fa a9fe
    L aa00 aa28
    L aa40 aa42
    L aa44 aa4b
    L aa60 aa76
    L aa7a aa7a
    L aa7e aaaf
    L aab1 aab1
    L aab5 aab6
    L aab9 aabd
    L aac0 aac0
    L aac2 aac2
    L aadb aadd
    L aae0 aaea
    L aaf2 aaf4
    L ab01 ab06
    L ab09 ab0e
    L ab11 ab16
    L ab20 ab26
    L ab28 ab2e
    L ab30 ab5a
    L ab5c ab69
    L ab70 abe2
    L ac00 d7a3
    L d7b0 d7c6
    L d7cb d7fb
    L f900 fa6d
    L fa70 fad9
    L fb00 fb06
    L fb13 fb17
    L fb1d fb1d
    L fb1f fb28
    L fb2a fb36
    L fb38 fb3c
    L fb3e fb3e
    L fb40 fb41
    L fb43 fb44
    L fb46 fbb1
    L fbd3 fd3d
    L fd50 fd8f
    L fd92 fdc7
    L fdf0 fdfb
    L fe70 fe74
    L fe76 fefc
    L ff21 ff3a
    L ff41 ff5a
    L ff66 ffbe
    L ffc2 ffc7
    L ffca ffcf
    L ffd2 ffd7
    L ffda ffdc
    L 10000 1000b
    L 1000d 10026
    L 10028 1003a
    L 1003c 1003d
    L 1003f 1004d
    L 10050 1005d
    L 10080 100fa
    L 10280 1029c
    L 102a0 102d0
    L 10300 1031f
    L 1032d 10340
    L 10342 10349
    L 10350 10375
    L 10380 1039d
    L 103a0 103c3
    L 103c8 103cf
    L 10400 1049d
    L 104b0 104d3
    L 104d8 104fb
    L 10500 10527
    L 10530 10563
    L 10570 1057a
    L 1057c 1058a
    L 1058c 10592
    L 10594 10595
    L 10597 105a1
    L 105a3 105b1
    L 105b3 105b9
    L 105bb 105bc
    L 105c0 105f3
    L 10600 10736
    L 10740 10755
    L 10760 10767
    L 10780 10785
    L 10787 107b0
    L 107b2 107ba
    L 10800 10805
    L 10808 10808
    L 1080a 10835
    L 10837 10838
    L 1083c 1083c
    L 1083f 10855
    L 10860 10876
    L 10880 1089e
    L 108e0 108f2
    L 108f4 108f5
    L 10900 10915
    L 10920 10939
    L 10980 109b7
    L 109be 109bf
    L 10a00 10a00
    L 10a10 10a13
    L 10a15 10a17
    L 10a19 10a35
    L 10a60 10a7c
    L 10a80 10a9c
    L 10ac0 10ac7
    L 10ac9 10ae4
    L 10b00 10b35
    L 10b40 10b55
    L 10b60 10b72
    L 10b80 10b91
    L 10c00 10c48
    L 10c80 10cb2
    L 10cc0 10cf2
    L 10d00 10d23
    L 10d4a 10d65
    L 10d6f 10d85
    L 10e80 10ea9
    L 10eb0 10eb1
    L 10ec2 10ec4
    L 10f00 10f1c
    L 10f27 10f27
    L 10f30 10f45
    L 10f70 10f81
    L 10fb0 10fc4
    L 10fe0 10ff6
    L 11003 11037
    L 11071 11072
    L 11075 11075
    L 11083 110af
    L 110d0 110e8
    L 11103 11126
    L 11144 11144
    L 11147 11147
    L 11150 11172
    L 11176 11176
    L 11183 111b2
    L 111c1 111c4
    L 111da 111da
    L 111dc 111dc
    L 11200 11211
    L 11213 1122b
    L 1123f 11240
    L 11280 11286
    L 11288 11288
    L 1128a 1128d
    L 1128f 1129d
    L 1129f 112a8
    L 112b0 112de
    L 11305 1130c
    L 1130f 11310
    L 11313 11328
    L 1132a 11330
    L 11332 11333
    L 11335 11339
    L 1133d 1133d
    L 11350 11350
    L 1135d 11361
    L 11380 11389
    L 1138b 1138b
    L 1138e 1138e
    L 11390 113b5
    L 113b7 113b7
    L 113d1 113d1
    L 113d3 113d3
    L 11400 11434
    L 11447 1144a
    L 1145f 11461
    L 11480 114af
    L 114c4 114c5
    L 114c7 114c7
    L 11580 115ae
    L 115d8 115db
    L 11600 1162f
    L 11644 11644
    L 11680 116aa
    L 116b8 116b8
    L 11700 1171a
    L 11740 11746
    L 11800 1182b
    L 118a0 118df
    L 118ff 11906
    L 11909 11909
    L 1190c 11913
    L 11915 11916
    L 11918 1192f
    L 1193f 1193f
    L 11941 11941
    L 119a0 119a7
    L 119aa 119d0
    L 119e1 119e1
    L 119e3 119e3
    L 11a00 11a00
    L 11a0b 11a32
    L 11a3a 11a3a
    L 11a50 11a50
    L 11a5c 11a89
    L 11a9d 11a9d
    L 11ab0 11af8
    L 11bc0 11be0
    L 11c00 11c08
    L 11c0a 11c2e
    L 11c40 11c40
    L 11c72 11c8f
    L 11d00 11d06
    L 11d08 11d09
    L 11d0b 11d30
    L 11d46 11d46
    L 11d60 11d65
    L 11d67 11d68
    L 11d6a 11d89
    L 11d98 11d98
    L 11ee0 11ef2
    L 11f02 11f02
    L 11f04 11f10
    L 11f12 11f33
    L 11fb0 11fb0
    L 12000 12399
    L 12480 12543
    L 12f90 12ff0
    L 13000 1342f
    L 13441 13446
    L 13460 143fa
    L 14400 14646
    L 16100 1611d
    L 16800 16a38
    L 16a40 16a5e
    L 16a70 16abe
    L 16ad0 16aed
    L 16b00 16b2f
    L 16b40 16b43
    L 16b63 16b77
    L 16b7d 16b8f
    L 16d40 16d6c
    L 16e40 16e7f
    L 16f00 16f4a
    L 16f50 16f50
    L 16f93 16f9f
    L 16fe0 16fe1
    L 16fe3 16fe3
    L 17000 187f7
    L 18800 18cd5
    L 18cff 18d08
    L 1aff0 1aff3
    L 1aff5 1affb
    L 1affd 1affe
    L 1b000 1b122
    L 1b132 1b132
    L 1b150 1b152
    L 1b155 1b155
    L 1b164 1b167
    L 1b170 1b2fb
    L 1bc00 1bc6a
    L 1bc70 1bc7c
    L 1bc80 1bc88
    L 1bc90 1bc99
    L 1d400 1d454
    L 1d456 1d49c
    L 1d49e 1d49f
    L 1d4a2 1d4a2
    L 1d4a5 1d4a6
    L 1d4a9 1d4ac
    L 1d4ae 1d4b9
    L 1d4bb 1d4bb
    L 1d4bd 1d4c3
    L 1d4c5 1d505
    L 1d507 1d50a
    L 1d50d 1d514
    L 1d516 1d51c
    L 1d51e 1d539
    L 1d53b 1d53e
    L 1d540 1d544
    L 1d546 1d546
    L 1d54a 1d550
    L 1d552 1d6a5
    L 1d6a8 1d6c0
    L 1d6c2 1d6da
    L 1d6dc 1d6fa
    L 1d6fc 1d714
    L 1d716 1d734
    L 1d736 1d74e
    L 1d750 1d76e
    L 1d770 1d788
    L 1d78a 1d7a8
    L 1d7aa 1d7c2
    L 1d7c4 1d7cb
    L 1df00 1df1e
    L 1df25 1df2a
    L 1e030 1e06d
    L 1e100 1e12c
    L 1e137 1e13d
    L 1e14e 1e14e
    L 1e290 1e2ad
    L 1e2c0 1e2eb
    L 1e4d0 1e4eb
    L 1e5d0 1e5ed
    L 1e5f0 1e5f0
    L 1e7e0 1e7e6
    L 1e7e8 1e7eb
    L 1e7ed 1e7ee
    L 1e7f0 1e7fe
    L 1e800 1e8c4
    L 1e900 1e943
    L 1e94b 1e94b
    L 1ee00 1ee03
    L 1ee05 1ee1f
    L 1ee21 1ee22
    L 1ee24 1ee24
    L 1ee27 1ee27
    L 1ee29 1ee32
    L 1ee34 1ee37
    L 1ee39 1ee39
    L 1ee3b 1ee3b
    L 1ee42 1ee42
    L 1ee47 1ee47
    L 1ee49 1ee49
    L 1ee4b 1ee4b
    L 1ee4d 1ee4f
    L 1ee51 1ee52
    L 1ee54 1ee54
    L 1ee57 1ee57
    L 1ee59 1ee59
    L 1ee5b 1ee5b
    L 1ee5d 1ee5d
    L 1ee5f 1ee5f
    L 1ee61 1ee62
    L 1ee64 1ee64
    L 1ee67 1ee6a
    L 1ee6c 1ee72
    L 1ee74 1ee77
    L 1ee79 1ee7c
    L 1ee7e 1ee7e
    L 1ee80 1ee89
    L 1ee8b 1ee9b
    L 1eea1 1eea3
    L 1eea5 1eea9
    L 1eeab 1eebb
    L 20000 2a6df
    L 2a700 2b739
    L 2b740 2b81d
    L 2b820 2cea1
    L 2ceb0 2ebe0
    L 2ebf0 2ee5d
    L 2f800 2fa1d
    L 30000 3134a
    L 31350 323af
    N 30 39
    N b2 b3
    N b9 b9
    N bc be
    N 660 669
    N 6f0 6f9
    N 7c0 7c9
    N 966 96f
    N 9e6 9ef
    N 9f4 9f9
    N a66 a6f
    N ae6 aef
    N b66 b6f
    N b72 b77
    N be6 bf2
    N c66 c6f
    N c78 c7e
    N ce6 cef
    N d58 d5e
    N d66 d78
    N de6 def
    N e50 e59
    N ed0 ed9
    N f20 f33
    N 1040 1049
    N 1090 1099
    N 1369 137c
    N 16ee 16f0
    N 17e0 17e9
    N 17f0 17f9
    N 1810 1819
    N 1946 194f
    N 19d0 19da
    N 1a80 1a89
    N 1a90 1a99
    N 1b50 1b59
    N 1bb0 1bb9
    N 1c40 1c49
    N 1c50 1c59
    N 2070 2070
    N 2074 2079
    N 2080 2089
    N 2150 2182
    N 2185 2189
    N 2460 249b
    N 24ea 24ff
    N 2776 2793
    N 2cfd 2cfd
    N 3007 3007
    N 3021 3029
    N 3038 303a
    N 3192 3195
    N 3220 3229
    N 3248 324f
    N 3251 325f
    N 3280 3289
    N 32b1 32bf
    N a620 a629
    N a6e6 a6ef
    N a830 a835
    N a8d0 a8d9
    N a900 a909
    N a9d0 a9d9
    N a9f0 a9f9
    N aa50 aa59
    N abf0 abf9
    N ff10 ff19
    N 10107 10133
    N 10140 10178
    N 1018a 1018b
    N 102e1 102fb
    N 10320 10323
    N 10341 10341
    N 1034a 1034a
    N 103d1 103d5
    N 104a0 104a9
    N 10858 1085f
    N 10879 1087f
    N 108a7 108af
    N 108fb 108ff
    N 10916 1091b
    N 109bc 109bd
    N 109c0 109cf
    N 109d2 109ff
    N 10a40 10a48
    N 10a7d 10a7e
    N 10a9d 10a9f
    N 10aeb 10aef
    N 10b58 10b5f
    N 10b78 10b7f
    N 10ba9 10baf
    N 10cfa 10cff
    N 10d30 10d39
    N 10d40 10d49
    N 10e60 10e7e
    N 10f1d 10f26
    N 10f51 10f54
    N 10fc5 10fcb
    N 11052 1106f
    N 110f0 110f9
    N 11136 1113f
    N 111d0 111d9
    N 111e1 111f4
    N 112f0 112f9
    N 11450 11459
    N 114d0 114d9
    N 11650 11659
    N 116c0 116c9
    N 116d0 116e3
    N 11730 1173b
    N 118e0 118f2
    N 11950 11959
    N 11bf0 11bf9
    N 11c50 11c6c
    N 11d50 11d59
    N 11da0 11da9
    N 11f50 11f59
    N 11fc0 11fd4
    N 12400 1246e
    N 16130 16139
    N 16a60 16a69
    N 16ac0 16ac9
    N 16b50 16b59
    N 16b5b 16b61
    N 16d70 16d79
    N 16e80 16e96
    N 1ccf0 1ccf9
    N 1d2c0 1d2d3
    N 1d2e0 1d2f3
    N 1d360 1d378
    N 1d7ce 1d7ff
    N 1e140 1e149
    N 1e2f0 1e2f9
    N 1e4f0 1e4f9
    N 1e5f1 1e5fa
    N 1e8c7 1e8cf
    N 1e950 1e959
    N 1ec71 1ecab
    N 1ecad 1ecaf
    N 1ecb1 1ecb4
    N 1ed01 1ed2d
    N 1ed2f 1ed3d
    N 1f100 1f10c
    N 1fbf0 1fbf9
    S 9 d
    S 20 20
    S 85 85
    S a0 a0
    S 1680 1680
    S 2000 200a
    S 2028 2029
    S 202f 202f
    S 205f 205f
    S 3000 3000
    l 41 61
    l 42 62
    l 43 63
    l 44 64
    l 45 65
    l 46 66
    l 47 67
    l 48 68
    l 49 69
    l 4a 6a
    l 4b 6b
    l 4c 6c
    l 4d 6d
    l 4e 6e
    l 4f 6f
    l 50 70
    l 51 71
    l 52 72
    l 53 73
    l 54 74
    l 55 75
    l 56 76
    l 57 77
    l 58 78
    l 59 79
    l 5a 7a
    l c0 e0
    l c1 e1
    l c2 e2
    l c3 e3
    l c4 e4
    l c5 e5
    l c6 e6
    l c7 e7
    l c8 e8
    l c9 e9
    l ca ea
    l cb eb
    l cc ec
    l cd ed
    l ce ee
    l cf ef
    l d0 f0
    l d1 f1
    l d2 f2
    l d3 f3
    l d4 f4
    l d5 f5
    l d6 f6
    l d8 f8
    l d9 f9
    l da fa
    l db fb
    l dc fc
    l dd fd
    l de fe
    l 100 101
    l 102 103
    l 104 105
    l 106 107
    l 108 109
    l 10a 10b
    l 10c 10d
    l 10e 10f
    l 110 111
    l 112 113
    l 114 115
    l 116 117
    l 118 119
    l 11a 11b
    l 11c 11d
    l 11e 11f
    l 120 121
    l 122 123
    l 124 125
    l 126 127
    l 128 129
    l 12a 12b
    l 12c 12d
    l 12e 12f
    l 130 69 307
    l 132 133
    l 134 135
    l 136 137
    l 139 13a
    l 13b 13c
    l 13d 13e
    l 13f 140
    l 141 142
    l 143 144
    l 145 146
    l 147 148
    l 14a 14b
    l 14c 14d
    l 14e 14f
    l 150 151
    l 152 153
    l 154 155
    l 156 157
    l 158 159
    l 15a 15b
    l 15c 15d
    l 15e 15f
    l 160 161
    l 162 163
    l 164 165
    l 166 167
    l 168 169
    l 16a 16b
    l 16c 16d
    l 16e 16f
    l 170 171
    l 172 173
    l 174 175
    l 176 177
    l 178 ff
    l 179 17a
    l 17b 17c
    l 17d 17e
    l 181 253
    l 182 183
    l 184 185
    l 186 254
    l 187 188
    l 189 256
    l 18a 257
    l 18b 18c
    l 18e 1dd
    l 18f 259
    l 190 25b
    l 191 192
    l 193 260
    l 194 263
    l 196 269
    l 197 268
    l 198 199
    l 19c 26f
    l 19d 272
    l 19f 275
    l 1a0 1a1
    l 1a2 1a3
    l 1a4 1a5
    l 1a6 280
    l 1a7 1a8
    l 1a9 283
    l 1ac 1ad
    l 1ae 288
    l 1af 1b0
    l 1b1 28a
    l 1b2 28b
    l 1b3 1b4
    l 1b5 1b6
    l 1b7 292
    l 1b8 1b9
    l 1bc 1bd
    l 1c4 1c6
    l 1c5 1c6
    l 1c7 1c9
    l 1c8 1c9
    l 1ca 1cc
    l 1cb 1cc
    l 1cd 1ce
    l 1cf 1d0
    l 1d1 1d2
    l 1d3 1d4
    l 1d5 1d6
    l 1d7 1d8
    l 1d9 1da
    l 1db 1dc
    l 1de 1df
    l 1e0 1e1
    l 1e2 1e3
    l 1e4 1e5
    l 1e6 1e7
    l 1e8 1e9
    l 1ea 1eb
    l 1ec 1ed
    l 1ee 1ef
    l 1f1 1f3
    l 1f2 1f3
    l 1f4 1f5
    l 1f6 195
    l 1f7 1bf
    l 1f8 1f9
    l 1fa 1fb
    l 1fc 1fd
    l 1fe 1ff
    l 200 201
    l 202 203
    l 204 205
    l 206 207
    l 208 209
    l 20a 20b
    l 20c 20d
    l 20e 20f
    l 210 211
    l 212 213
    l 214 215
    l 216 217
    l 218 219
    l 21a 21b
    l 21c 21d
    l 21e 21f
    l 220 19e
    l 222 223
    l 224 225
    l 226 227
    l 228 229
    l 22a 22b
    l 22c 22d
    l 22e 22f
    l 230 231
    l 232 233
    l 23a 2c65
    l 23b 23c
    l 23d 19a
    l 23e 2c66
    l 241 242
    l 243 180
    l 244 289
    l 245 28c
    l 246 247
    l 248 249
    l 24a 24b
    l 24c 24d
    l 24e 24f
    l 370 371
    l 372 373
    l 376 377
    l 37f 3f3
    l 386 3ac
    l 388 3ad
    l 389 3ae
    l 38a 3af
    l 38c 3cc
    l 38e 3cd
    l 38f 3ce
    l 391 3b1
    l 392 3b2
    l 393 3b3
    l 394 3b4
    l 395 3b5
    l 396 3b6
    l 397 3b7
    l 398 3b8
    l 399 3b9
    l 39a 3ba
    l 39b 3bb
    l 39c 3bc
    l 39d 3bd
    l 39e 3be
    l 39f 3bf
    l 3a0 3c0
    l 3a1 3c1
    l 3a3 3c3
    l 3a4 3c4
    l 3a5 3c5
    l 3a6 3c6
    l 3a7 3c7
    l 3a8 3c8
    l 3a9 3c9
    l 3aa 3ca
    l 3ab 3cb
    l 3cf 3d7
    l 3d8 3d9
    l 3da 3db
    l 3dc 3dd
    l 3de 3df
    l 3e0 3e1
    l 3e2 3e3
    l 3e4 3e5
    l 3e6 3e7
    l 3e8 3e9
    l 3ea 3eb
    l 3ec 3ed
    l 3ee 3ef
    l 3f4 3b8
    l 3f7 3f8
    l 3f9 3f2
    l 3fa 3fb
    l 3fd 37b
    l 3fe 37c
    l 3ff 37d
    l 400 450
    l 401 451
    l 402 452
    l 403 453
    l 404 454
    l 405 455
    l 406 456
    l 407 457
    l 408 458
    l 409 459
    l 40a 45a
    l 40b 45b
    l 40c 45c
    l 40d 45d
    l 40e 45e
    l 40f 45f
    l 410 430
    l 411 431
    l 412 432
    l 413 433
    l 414 434
    l 415 435
    l 416 436
    l 417 437
    l 418 438
    l 419 439
    l 41a 43a
    l 41b 43b
    l 41c 43c
    l 41d 43d
    l 41e 43e
    l 41f 43f
    l 420 440
    l 421 441
    l 422 442
    l 423 443
    l 424 444
    l 425 445
    l 426 446
    l 427 447
    l 428 448
    l 429 449
    l 42a 44a
    l 42b 44b
    l 42c 44c
    l 42d 44d
    l 42e 44e
    l 42f 44f
    l 460 461
    l 462 463
    l 464 465
    l 466 467
    l 468 469
    l 46a 46b
    l 46c 46d
    l 46e 46f
    l 470 471
    l 472 473
    l 474 475
    l 476 477
    l 478 479
    l 47a 47b
    l 47c 47d
    l 47e 47f
    l 480 481
    l 48a 48b
    l 48c 48d
    l 48e 48f
    l 490 491
    l 492 493
    l 494 495
    l 496 497
    l 498 499
    l 49a 49b
    l 49c 49d
    l 49e 49f
    l 4a0 4a1
    l 4a2 4a3
    l 4a4 4a5
    l 4a6 4a7
    l 4a8 4a9
    l 4aa 4ab
    l 4ac 4ad
    l 4ae 4af
    l 4b0 4b1
    l 4b2 4b3
    l 4b4 4b5
    l 4b6 4b7
    l 4b8 4b9
    l 4ba 4bb
    l 4bc 4bd
    l 4be 4bf
    l 4c0 4cf
    l 4c1 4c2
    l 4c3 4c4
    l 4c5 4c6
    l 4c7 4c8
    l 4c9 4ca
    l 4cb 4cc
    l 4cd 4ce
    l 4d0 4d1
    l 4d2 4d3
    l 4d4 4d5
    l 4d6 4d7
    l 4d8 4d9
    l 4da 4db
    l 4dc 4dd
    l 4de 4df
    l 4e0 4e1
    l 4e2 4e3
    l 4e4 4e5
    l 4e6 4e7
    l 4e8 4e9
    l 4ea 4eb
    l 4ec 4ed
    l 4ee 4ef
    l 4f0 4f1
    l 4f2 4f3
    l 4f4 4f5
    l 4f6 4f7
    l 4f8 4f9
    l 4fa 4fb
    l 4fc 4fd
    l 4fe 4ff
    l 500 501
    l 502 503
    l 504 505
    l 506 507
    l 508 509
    l 50a 50b
    l 50c 50d
    l 50e 50f
    l 510 511
    l 512 513
    l 514 515
    l 516 517
    l 518 519
    l 51a 51b
    l 51c 51d
    l 51e 51f
    l 520 521
    l 522 523
    l 524 525
    l 526 527
    l 528 529
    l 52a 52b
    l 52c 52d
    l 52e 52f
    l 531 561
    l 532 562
    l 533 563
    l 534 564
    l 535 565
    l 536 566
    l 537 567
    l 538 568
    l 539 569
    l 53a 56a
    l 53b 56b
    l 53c 56c
    l 53d 56d
    l 53e 56e
    l 53f 56f
    l 540 570
    l 541 571
    l 542 572
    l 543 573
    l 544 574
    l 545 575
    l 546 576
    l 547 577
    l 548 578
    l 549 579
    l 54a 57a
    l 54b 57b
    l 54c 57c
    l 54d 57d
    l 54e 57e
    l 54f 57f
    l 550 580
    l 551 581
    l 552 582
    l 553 583
    l 554 584
    l 555 585
    l 556 586
    l 10a0 2d00
    l 10a1 2d01
    l 10a2 2d02
    l 10a3 2d03
    l 10a4 2d04
    l 10a5 2d05
    l 10a6 2d06
    l 10a7 2d07
    l 10a8 2d08
    l 10a9 2d09
    l 10aa 2d0a
    l 10ab 2d0b
    l 10ac 2d0c
    l 10ad 2d0d
    l 10ae 2d0e
    l 10af 2d0f
    l 10b0 2d10
    l 10b1 2d11
    l 10b2 2d12
    l 10b3 2d13
    l 10b4 2d14
    l 10b5 2d15
    l 10b6 2d16
    l 10b7 2d17
    l 10b8 2d18
    l 10b9 2d19
    l 10ba 2d1a
    l 10bb 2d1b
    l 10bc 2d1c
    l 10bd 2d1d
    l 10be 2d1e
    l 10bf 2d1f
    l 10c0 2d20
    l 10c1 2d21
    l 10c2 2d22
    l 10c3 2d23
    l 10c4 2d24
    l 10c5 2d25
    l 10c7 2d27
    l 10cd 2d2d
    l 13a0 ab70
    l 13a1 ab71
    l 13a2 ab72
    l 13a3 ab73
    l 13a4 ab74
    l 13a5 ab75
    l 13a6 ab76
    l 13a7 ab77
    l 13a8 ab78
    l 13a9 ab79
    l 13aa ab7a
    l 13ab ab7b
    l 13ac ab7c
    l 13ad ab7d
    l 13ae ab7e
    l 13af ab7f
    l 13b0 ab80
    l 13b1 ab81
    l 13b2 ab82
    l 13b3 ab83
    l 13b4 ab84
    l 13b5 ab85
    l 13b6 ab86
    l 13b7 ab87
    l 13b8 ab88
    l 13b9 ab89
    l 13ba ab8a
    l 13bb ab8b
    l 13bc ab8c
    l 13bd ab8d
    l 13be ab8e
    l 13bf ab8f
    l 13c0 ab90
    l 13c1 ab91
    l 13c2 ab92
    l 13c3 ab93
    l 13c4 ab94
    l 13c5 ab95
    l 13c6 ab96
    l 13c7 ab97
    l 13c8 ab98
    l 13c9 ab99
    l 13ca ab9a
    l 13cb ab9b
    l 13cc ab9c
    l 13cd ab9d
    l 13ce ab9e
    l 13cf ab9f
    l 13d0 aba0
    l 13d1 aba1
    l 13d2 aba2
    l 13d3 aba3
    l 13d4 aba4
    l 13d5 aba5
    l 13d6 aba6
    l 13d7 aba7
    l 13d8 aba8
    l 13d9 aba9
    l 13da abaa
    l 13db abab
    l 13dc abac
    l 13dd abad
    l 13de abae
    l 13df abaf
    l 13e0 abb0
    l 13e1 abb1
    l 13e2 abb2
    l 13e3 abb3
    l 13e4 abb4
    l 13e5 abb5
    l 13e6 abb6
    l 13e7 abb7
    l 13e8 abb8
    l 13e9 abb9
    l 13ea abba
    l 13eb abbb
    l 13ec abbc
    l 13ed abbd
    l 13ee abbe
    l 13ef abbf
    l 13f0 13f8
    l 13f1 13f9
    l 13f2 13fa
    l 13f3 13fb
    l 13f4 13fc
    l 13f5 13fd
    l 1c89 1c8a
    l 1c90 10d0
    l 1c91 10d1
    l 1c92 10d2
    l 1c93 10d3
    l 1c94 10d4
    l 1c95 10d5
    l 1c96 10d6
    l 1c97 10d7
    l 1c98 10d8
    l 1c99 10d9
    l 1c9a 10da
    l 1c9b 10db
    l 1c9c 10dc
    l 1c9d 10dd
    l 1c9e 10de
    l 1c9f 10df
    l 1ca0 10e0
    l 1ca1 10e1
    l 1ca2 10e2
    l 1ca3 10e3
    l 1ca4 10e4
    l 1ca5 10e5
    l 1ca6 10e6
    l 1ca7 10e7
    l 1ca8 10e8
    l 1ca9 10e9
    l 1caa 10ea
    l 1cab 10eb
    l 1cac 10ec
    l 1cad 10ed
    l 1cae 10ee
    l 1caf 10ef
    l 1cb0 10f0
    l 1cb1 10f1
    l 1cb2 10f2
    l 1cb3 10f3
    l 1cb4 10f4
    l 1cb5 10f5
    l 1cb6 10f6
    l 1cb7 10f7
    l 1cb8 10f8
    l 1cb9 10f9
    l 1cba 10fa
    l 1cbd 10fd
    l 1cbe 10fe
    l 1cbf 10ff
    l 1e00 1e01
    l 1e02 1e03
    l 1e04 1e05
    l 1e06 1e07
    l 1e08 1e09
    l 1e0a 1e0b
    l 1e0c 1e0d
    l 1e0e 1e0f
    l 1e10 1e11
    l 1e12 1e13
    l 1e14 1e15
    l 1e16 1e17
    l 1e18 1e19
    l 1e1a 1e1b
    l 1e1c 1e1d
    l 1e1e 1e1f
    l 1e20 1e21
    l 1e22 1e23
    l 1e24 1e25
    l 1e26 1e27
    l 1e28 1e29
    l 1e2a 1e2b
    l 1e2c 1e2d
    l 1e2e 1e2f
    l 1e30 1e31
    l 1e32 1e33
    l 1e34 1e35
    l 1e36 1e37
    l 1e38 1e39
    l 1e3a 1e3b
    l 1e3c 1e3d
    l 1e3e 1e3f
    l 1e40 1e41
    l 1e42 1e43
    l 1e44 1e45
    l 1e46 1e47
    l 1e48 1e49
    l 1e4a 1e4b
    l 1e4c 1e4d
    l 1e4e 1e4f
    l 1e50 1e51
    l 1e52 1e53
    l 1e54 1e55
    l 1e56 1e57
    l 1e58 1e59
    l 1e5a 1e5b
    l 1e5c 1e5d
    l 1e5e 1e5f
    l 1e60 1e61
    l 1e62 1e63
    l 1e64 1e65
    l 1e66 1e67
    l 1e68 1e69
    l 1e6a 1e6b
    l 1e6c 1e6d
    l 1e6e 1e6f
    l 1e70 1e71
    l 1e72 1e73
    l 1e74 1e75
    l 1e76 1e77
    l 1e78 1e79
    l 1e7a 1e7b
    l 1e7c 1e7d
    l 1e7e 1e7f
    l 1e80 1e81
    l 1e82 1e83
    l 1e84 1e85
    l 1e86 1e87
    l 1e88 1e89
    l 1e8a 1e8b
    l 1e8c 1e8d
    l 1e8e 1e8f
    l 1e90 1e91
    l 1e92 1e93
    l 1e94 1e95
    l 1e9e df
    l 1ea0 1ea1
    l 1ea2 1ea3
    l 1ea4 1ea5
    l 1ea6 1ea7
    l 1ea8 1ea9
    l 1eaa 1eab
    l 1eac 1ead
    l 1eae 1eaf
    l 1eb0 1eb1
    l 1eb2 1eb3
    l 1eb4 1eb5
    l 1eb6 1eb7
    l 1eb8 1eb9
    l 1eba 1ebb
    l 1ebc 1ebd
    l 1ebe 1ebf
    l 1ec0 1ec1
    l 1ec2 1ec3
    l 1ec4 1ec5
    l 1ec6 1ec7
    l 1ec8 1ec9
    l 1eca 1ecb
    l 1ecc 1ecd
    l 1ece 1ecf
    l 1ed0 1ed1
    l 1ed2 1ed3
    l 1ed4 1ed5
    l 1ed6 1ed7
    l 1ed8 1ed9
    l 1eda 1edb
    l 1edc 1edd
    l 1ede 1edf
    l 1ee0 1ee1
    l 1ee2 1ee3
    l 1ee4 1ee5
    l 1ee6 1ee7
    l 1ee8 1ee9
    l 1eea 1eeb
    l 1eec 1eed
    l 1eee 1eef
    l 1ef0 1ef1
    l 1ef2 1ef3
    l 1ef4 1ef5
    l 1ef6 1ef7
    l 1ef8 1ef9
    l 1efa 1efb
    l 1efc 1efd
    l 1efe 1eff
    l 1f08 1f00
    l 1f09 1f01
    l 1f0a 1f02
    l 1f0b 1f03
    l 1f0c 1f04
    l 1f0d 1f05
    l 1f0e 1f06
    l 1f0f 1f07
    l 1f18 1f10
    l 1f19 1f11
    l 1f1a 1f12
    l 1f1b 1f13
    l 1f1c 1f14
    l 1f1d 1f15
    l 1f28 1f20
    l 1f29 1f21
    l 1f2a 1f22
    l 1f2b 1f23
    l 1f2c 1f24
    l 1f2d 1f25
    l 1f2e 1f26
    l 1f2f 1f27
    l 1f38 1f30
    l 1f39 1f31
    l 1f3a 1f32
    l 1f3b 1f33
    l 1f3c 1f34
    l 1f3d 1f35
    l 1f3e 1f36
    l 1f3f 1f37
    l 1f48 1f40
    l 1f49 1f41
    l 1f4a 1f42
    l 1f4b 1f43
    l 1f4c 1f44
    l 1f4d 1f45
    l 1f59 1f51
    l 1f5b 1f53
    l 1f5d 1f55
    l 1f5f 1f57
    l 1f68 1f60
    l 1f69 1f61
    l 1f6a 1f62
    l 1f6b 1f63
    l 1f6c 1f64
    l 1f6d 1f65
    l 1f6e 1f66
    l 1f6f 1f67
    l 1f88 1f80
    l 1f89 1f81
    l 1f8a 1f82
    l 1f8b 1f83
    l 1f8c 1f84
    l 1f8d 1f85
    l 1f8e 1f86
    l 1f8f 1f87
    l 1f98 1f90
    l 1f99 1f91
    l 1f9a 1f92
    l 1f9b 1f93
    l 1f9c 1f94
    l 1f9d 1f95
    l 1f9e 1f96
    l 1f9f 1f97
    l 1fa8 1fa0
    l 1fa9 1fa1
    l 1faa 1fa2
    l 1fab 1fa3
    l 1fac 1fa4
    l 1fad 1fa5
    l 1fae 1fa6
    l 1faf 1fa7
    l 1fb8 1fb0
    l 1fb9 1fb1
    l 1fba 1f70
    l 1fbb 1f71
    l 1fbc 1fb3
    l 1fc8 1f72
    l 1fc9 1f73
    l 1fca 1f74
    l 1fcb 1f75
    l 1fcc 1fc3
    l 1fd8 1fd0
    l 1fd9 1fd1
    l 1fda 1f76
    l 1fdb 1f77
    l 1fe8 1fe0
    l 1fe9 1fe1
    l 1fea 1f7a
    l 1feb 1f7b
    l 1fec 1fe5
    l 1ff8 1f78
    l 1ff9 1f79
    l 1ffa 1f7c
    l 1ffb 1f7d
    l 1ffc 1ff3
    l 2126 3c9
    l 212a 6b
    l 212b e5
    l 2132 214e
    l 2160 2170
    l 2161 2171
    l 2162 2172
    l 2163 2173
    l 2164 2174
    l 2165 2175
    l 2166 2176
    l 2167 2177
    l 2168 2178
    l 2169 2179
    l 216a 217a
    l 216b 217b
    l 216c 217c
    l 216d 217d
    l 216e 217e
    l 216f 217f
    l 2183 2184
    l 24b6 24d0
    l 24b7 24d1
    l 24b8 24d2
    l 24b9 24d3
    l 24ba 24d4
    l 24bb 24d5
    l 24bc 24d6
    l 24bd 24d7
    l 24be 24d8
    l 24bf 24d9
    l 24c0 24da
    l 24c1 24db
    l 24c2 24dc
    l 24c3 24dd
    l 24c4 24de
    l 24c5 24df
    l 24c6 24e0
    l 24c7 24e1
    l 24c8 24e2
    l 24c9 24e3
    l 24ca 24e4
    l 24cb 24e5
    l 24cc 24e6
    l 24cd 24e7
    l 24ce 24e8
    l 24cf 24e9
    l 2c00 2c30
    l 2c01 2c31
    l 2c02 2c32
    l 2c03 2c33
    l 2c04 2c34
    l 2c05 2c35
    l 2c06 2c36
    l 2c07 2c37
    l 2c08 2c38
    l 2c09 2c39
    l 2c0a 2c3a
    l 2c0b 2c3b
    l 2c0c 2c3c
    l 2c0d 2c3d
    l 2c0e 2c3e
    l 2c0f 2c3f
    l 2c10 2c40
    l 2c11 2c41
    l 2c12 2c42
    l 2c13 2c43
    l 2c14 2c44
    l 2c15 2c45
    l 2c16 2c46
    l 2c17 2c47
    l 2c18 2c48
    l 2c19 2c49
    l 2c1a 2c4a
    l 2c1b 2c4b
    l 2c1c 2c4c
    l 2c1d 2c4d
    l 2c1e 2c4e
    l 2c1f 2c4f
    l 2c20 2c50
    l 2c21 2c51
    l 2c22 2c52
    l 2c23 2c53
    l 2c24 2c54
    l 2c25 2c55
    l 2c26 2c56
    l 2c27 2c57
    l 2c28 2c58
    l 2c29 2c59
    l 2c2a 2c5a
    l 2c2b 2c5b
    l 2c2c 2c5c
    l 2c2d 2c5d
    l 2c2e 2c5e
    l 2c2f 2c5f
    l 2c60 2c61
    l 2c62 26b
    l 2c63 1d7d
    l 2c64 27d
    l 2c67 2c68
    l 2c69 2c6a
    l 2c6b 2c6c
    l 2c6d 251
    l 2c6e 271
    l 2c6f 250
    l 2c70 252
    l 2c72 2c73
    l 2c75 2c76
    l 2c7e 23f
    l 2c7f 240
    l 2c80 2c81
    l 2c82 2c83
    l 2c84 2c85
    l 2c86 2c87
    l 2c88 2c89
    l 2c8a 2c8b
    l 2c8c 2c8d
    l 2c8e 2c8f
    l 2c90 2c91
    l 2c92 2c93
    l 2c94 2c95
    l 2c96 2c97
    l 2c98 2c99
    l 2c9a 2c9b
    l 2c9c 2c9d
    l 2c9e 2c9f
    l 2ca0 2ca1
    l 2ca2 2ca3
    l 2ca4 2ca5
    l 2ca6 2ca7
    l 2ca8 2ca9
    l 2caa 2cab
    l 2cac 2cad
    l 2cae 2caf
    l 2cb0 2cb1
    l 2cb2 2cb3
    l 2cb4 2cb5
    l 2cb6 2cb7
    l 2cb8 2cb9
    l 2cba 2cbb
    l 2cbc 2cbd
    l 2cbe 2cbf
    l 2cc0 2cc1
    l 2cc2 2cc3
    l 2cc4 2cc5
    l 2cc6 2cc7
    l 2cc8 2cc9
    l 2cca 2ccb
    l 2ccc 2ccd
    l 2cce 2ccf
    l 2cd0 2cd1
    l 2cd2 2cd3
    l 2cd4 2cd5
    l 2cd6 2cd7
    l 2cd8 2cd9
    l 2cda 2cdb
    l 2cdc 2cdd
    l 2cde 2cdf
    l 2ce0 2ce1
    l 2ce2 2ce3
    l 2ceb 2cec
    l 2ced 2cee
    l 2cf2 2cf3
    l a640 a641
    l a642 a643
    l a644 a645
    l a646 a647
    l a648 a649
    l a64a a64b
    l a64c a64d
    l a64e a64f
    l a650 a651
    l a652 a653
    l a654 a655
    l a656 a657
    l a658 a659
    l a65a a65b
    l a65c a65d
    l a65e a65f
    l a660 a661
    l a662 a663
    l a664 a665
    l a666 a667
    l a668 a669
    l a66a a66b
    l a66c a66d
    l a680 a681
    l a682 a683
    l a684 a685
    l a686 a687
    l a688 a689
    l a68a a68b
    l a68c a68d
    l a68e a68f
    l a690 a691
    l a692 a693
    l a694 a695
    l a696 a697
    l a698 a699
    l a69a a69b
    l a722 a723
    l a724 a725
    l a726 a727
    l a728 a729
    l a72a a72b
    l a72c a72d
    l a72e a72f
    l a732 a733
    l a734 a735
    l a736 a737
    l a738 a739
    l a73a a73b
    l a73c a73d
    l a73e a73f
    l a740 a741
    l a742 a743
    l a744 a745
    l a746 a747
    l a748 a749
    l a74a a74b
    l a74c a74d
    l a74e a74f
    l a750 a751
    l a752 a753
    l a754 a755
    l a756 a757
    l a758 a759
    l a75a a75b
    l a75c a75d
    l a75e a75f
    l a760 a761
    l a762 a763
    l a764 a765
    l a766 a767
    l a768 a769
    l a76a a76b
    l a76c a76d
    l a76e a76f
    l a779 a77a
    l a77b a77c
    l a77d 1d79
    l a77e a77f
    l a780 a781
    l a782 a783
    l a784 a785
    l a786 a787
    l a78b a78c
    l a78d 265
    l a790 a791
    l a792 a793
    l a796 a797
    l a798 a799
    l a79a a79b
    l a79c a79d
    l a79e a79f
    l a7a0 a7a1
    l a7a2 a7a3
    l a7a4 a7a5
    l a7a6 a7a7
    l a7a8 a7a9
    l a7aa 266
    l a7ab 25c
    l a7ac 261
    l a7ad 26c
    l a7ae 26a
    l a7b0 29e
    l a7b1 287
    l a7b2 29d
    l a7b3 ab53
    l a7b4 a7b5
    l a7b6 a7b7
    l a7b8 a7b9
    l a7ba a7bb
    l a7bc a7bd
    l a7be a7bf
    l a7c0 a7c1
    l a7c2 a7c3
    l a7c4 a794
    l a7c5 282
    l a7c6 1d8e
    l a7c7 a7c8
    l a7c9 a7ca
    l a7cb 264
    l a7cc a7cd
    l a7ce a7cf
    l a7d0 a7d1
    l a7d2 a7d3
    l a7d4 a7d5
    l a7d6 a7d7
    l a7d8 a7d9
    l a7da a7db
    l a7dc 19b
    l a7f5 a7f6
    l ff21 ff41
    l ff22 ff42
    l ff23 ff43
    l ff24 ff44
    l ff25 ff45
    l ff26 ff46
    l ff27 ff47
    l ff28 ff48
    l ff29 ff49
    l ff2a ff4a
    l ff2b ff4b
    l ff2c ff4c
    l ff2d ff4d
    l ff2e ff4e
    l ff2f ff4f
    l ff30 ff50
    l ff31 ff51
    l ff32 ff52
    l ff33 ff53
    l ff34 ff54
    l ff35 ff55
    l ff36 ff56
    l ff37 ff57
    l ff38 ff58
    l ff39 ff59
    l ff3a ff5a
    l 10400 10428
    l 10401 10429
    l 10402 1042a
    l 10403 1042b
    l 10404 1042c
    l 10405 1042d
    l 10406 1042e
    l 10407 1042f
    l 10408 10430
    l 10409 10431
    l 1040a 10432
    l 1040b 10433
    l 1040c 10434
    l 1040d 10435
    l 1040e 10436
    l 1040f 10437
    l 10410 10438
    l 10411 10439
    l 10412 1043a
    l 10413 1043b
    l 10414 1043c
    l 10415 1043d
    l 10416 1043e
    l 10417 1043f
    l 10418 10440
    l 10419 10441
    l 1041a 10442
    l 1041b 10443
    l 1041c 10444
    l 1041d 10445
    l 1041e 10446
    l 1041f 10447
    l 10420 10448
    l 10421 10449
    l 10422 1044a
    l 10423 1044b
    l 10424 1044c
    l 10425 1044d
    l 10426 1044e
    l 10427 1044f
    l 104b0 104d8
    l 104b1 104d9
    l 104b2 104da
    l 104b3 104db
    l 104b4 104dc
    l 104b5 104dd
    l 104b6 104de
    l 104b7 104df
    l 104b8 104e0
    l 104b9 104e1
    l 104ba 104e2
    l 104bb 104e3
    l 104bc 104e4
    l 104bd 104e5
    l 104be 104e6
    l 104bf 104e7
    l 104c0 104e8
    l 104c1 104e9
    l 104c2 104ea
    l 104c3 104eb
    l 104c4 104ec
    l 104c5 104ed
    l 104c6 104ee
    l 104c7 104ef
    l 104c8 104f0
    l 104c9 104f1
    l 104ca 104f2
    l 104cb 104f3
    l 104cc 104f4
    l 104cd 104f5
    l 104ce 104f6
    l 104cf 104f7
    l 104d0 104f8
    l 104d1 104f9
    l 104d2 104fa
    l 104d3 104fb
    l 10570 10597
    l 10571 10598
    l 10572 10599
    l 10573 1059a
    l 10574 1059b
    l 10575 1059c
    l 10576 1059d
    l 10577 1059e
    l 10578 1059f
    l 10579 105a0
    l 1057a 105a1
    l 1057c 105a3
    l 1057d 105a4
    l 1057e 105a5
    l 1057f 105a6
    l 10580 105a7
    l 10581 105a8
    l 10582 105a9
    l 10583 105aa
    l 10584 105ab
    l 10585 105ac
    l 10586 105ad
    l 10587 105ae
    l 10588 105af
    l 10589 105b0
    l 1058a 105b1
    l 1058c 105b3
    l 1058d 105b4
    l 1058e 105b5
    l 1058f 105b6
    l 10590 105b7
    l 10591 105b8
    l 10592 105b9
    l 10594 105bb
    l 10595 105bc
    l 10c80 10cc0
    l 10c81 10cc1
    l 10c82 10cc2
    l 10c83 10cc3
    l 10c84 10cc4
    l 10c85 10cc5
    l 10c86 10cc6
    l 10c87 10cc7
    l 10c88 10cc8
    l 10c89 10cc9
    l 10c8a 10cca
    l 10c8b 10ccb
    l 10c8c 10ccc
    l 10c8d 10ccd
    l 10c8e 10cce
    l 10c8f 10ccf
    l 10c90 10cd0
    l 10c91 10cd1
    l 10c92 10cd2
    l 10c93 10cd3
    l 10c94 10cd4
    l 10c95 10cd5
    l 10c96 10cd6
    l 10c97 10cd7
    l 10c98 10cd8
    l 10c99 10cd9
    l 10c9a 10cda
    l 10c9b 10cdb
    l 10c9c 10cdc
    l 10c9d 10cdd
    l 10c9e 10cde
    l 10c9f 10cdf
    l 10ca0 10ce0
    l 10ca1 10ce1
    l 10ca2 10ce2
    l 10ca3 10ce3
    l 10ca4 10ce4
    l 10ca5 10ce5
    l 10ca6 10ce6
    l 10ca7 10ce7
    l 10ca8 10ce8
    l 10ca9 10ce9
    l 10caa 10cea
    l 10cab 10ceb
    l 10cac 10cec
    l 10cad 10ced
    l 10cae 10cee
    l 10caf 10cef
    l 10cb0 10cf0
    l 10cb1 10cf1
    l 10cb2 10cf2
    l 10d50 10d70
    l 10d51 10d71
    l 10d52 10d72
    l 10d53 10d73
    l 10d54 10d74
    l 10d55 10d75
    l 10d56 10d76
    l 10d57 10d77
    l 10d58 10d78
    l 10d59 10d79
    l 10d5a 10d7a
    l 10d5b 10d7b
    l 10d5c 10d7c
    l 10d5d 10d7d
    l 10d5e 10d7e
    l 10d5f 10d7f
    l 10d60 10d80
    l 10d61 10d81
    l 10d62 10d82
    l 10d63 10d83
    l 10d64 10d84
    l 10d65 10d85
    l 118a0 118c0
    l 118a1 118c1
    l 118a2 118c2
    l 118a3 118c3
    l 118a4 118c4
    l 118a5 118c5
    l 118a6 118c6
    l 118a7 118c7
    l 118a8 118c8
    l 118a9 118c9
    l 118aa 118ca
    l 118ab 118cb
    l 118ac 118cc
    l 118ad 118cd
    l 118ae 118ce
    l 118af 118cf
    l 118b0 118d0
    l 118b1 118d1
    l 118b2 118d2
    l 118b3 118d3
    l 118b4 118d4
    l 118b5 118d5
    l 118b6 118d6
    l 118b7 118d7
    l 118b8 118d8
    l 118b9 118d9
    l 118ba 118da
    l 118bb 118db
    l 118bc 118dc
    l 118bd 118dd
    l 118be 118de
    l 118bf 118df
    l 16e40 16e60
    l 16e41 16e61
    l 16e42 16e62
    l 16e43 16e63
    l 16e44 16e64
    l 16e45 16e65
    l 16e46 16e66
    l 16e47 16e67
    l 16e48 16e68
    l 16e49 16e69
    l 16e4a 16e6a
    l 16e4b 16e6b
    l 16e4c 16e6c
    l 16e4d 16e6d
    l 16e4e 16e6e
    l 16e4f 16e6f
    l 16e50 16e70
    l 16e51 16e71
    l 16e52 16e72
    l 16e53 16e73
    l 16e54 16e74
    l 16e55 16e75
    l 16e56 16e76
    l 16e57 16e77
    l 16e58 16e78
    l 16e59 16e79
    l 16e5a 16e7a
    l 16e5b 16e7b
    l 16e5c 16e7c
    l 16e5d 16e7d
    l 16e5e 16e7e
    l 16e5f 16e7f
    l 16ea0 16ebb
    l 16ea1 16ebc
    l 16ea2 16ebd
    l 16ea3 16ebe
    l 16ea4 16ebf
    l 16ea5 16ec0
    l 16ea6 16ec1
    l 16ea7 16ec2
    l 16ea8 16ec3
    l 16ea9 16ec4
    l 16eaa 16ec5
    l 16eab 16ec6
    l 16eac 16ec7
    l 16ead 16ec8
    l 16eae 16ec9
    l 16eaf 16eca
    l 16eb0 16ecb
    l 16eb1 16ecc
    l 16eb2 16ecd
    l 16eb3 16ece
    l 16eb4 16ecf
    l 16eb5 16ed0
    l 16eb6 16ed1
    l 16eb7 16ed2
    l 16eb8 16ed3
    l 1e900 1e922
    l 1e901 1e923
    l 1e902 1e924
    l 1e903 1e925
    l 1e904 1e926
    l 1e905 1e927
    l 1e906 1e928
    l 1e907 1e929
    l 1e908 1e92a
    l 1e909 1e92b
    l 1e90a 1e92c
    l 1e90b 1e92d
    l 1e90c 1e92e
    l 1e90d 1e92f
    l 1e90e 1e930
    l 1e90f 1e931
    l 1e910 1e932
    l 1e911 1e933
    l 1e912 1e934
    l 1e913 1e935
    l 1e914 1e936
    l 1e915 1e937
    l 1e916 1e938
    l 1e917 1e939
    l 1e918 1e93a
    l 1e919 1e93b
    l 1e91a 1e93c
    l 1e91b 1e93d
    l 1e91c 1e93e
    l 1e91d 1e93f
    l 1e91e 1e940
    l 1e91f 1e941
    l 1e920 1e942
    l 1e921 1e943
    c 300 314 e6
    c 315 315 e8
    c 316 319 dc
    c 31a 31a e8
    c 31b 31b d8
    c 31c 320 dc
    c 321 322 ca
    c 323 326 dc
    c 327 328 ca
    c 329 333 dc
    c 334 338 1
    c 339 33c dc
    c 33d 33f e6
    c 342 342 e6
    c 345 345 f0
    c 346 346 e6
    c 347 349 dc
    c 34a 34c e6
    c 34d 34e dc
    c 350 352 e6
    c 353 356 dc
    c 357 357 e6
    c 358 358 e8
    c 359 35a dc
    c 35b 35b e6
    c 35c 35c e9
    c 35d 35e ea
    c 35f 35f e9
    c 360 361 ea
    c 362 362 e9
    c 363 36f e6
    c 483 487 e6
    c 591 591 dc
    c 592 595 e6
    c 596 596 dc
    c 597 599 e6
    c 59a 59a de
    c 59b 59b dc
    c 59c 5a1 e6
    c 5a2 5a7 dc
    c 5a8 5a9 e6
    c 5aa 5aa dc
    c 5ab 5ac e6
    c 5ad 5ad de
    c 5ae 5ae e4
    c 5af 5af e6
    c 5b0 5b0 a
    c 5b1 5b1 b
    c 5b2 5b2 c
    c 5b3 5b3 d
    c 5b4 5b4 e
    c 5b5 5b5 f
    c 5b6 5b6 10
    c 5b7 5b7 11
    c 5b8 5b8 12
    c 5b9 5ba 13
    c 5bb 5bb 14
    c 5bc 5bc 15
    c 5bd 5bd 16
    c 5bf 5bf 17
    c 5c1 5c1 18
    c 5c2 5c2 19
    c 5c4 5c4 e6
    c 5c5 5c5 dc
    c 5c7 5c7 12
    c 610 617 e6
    c 618 618 1e
    c 619 619 1f
    c 61a 61a 20
    c 64b 64b 1b
    c 64c 64c 1c
    c 64d 64d 1d
    c 64e 64e 1e
    c 64f 64f 1f
    c 650 650 20
    c 651 651 21
    c 652 652 22
    c 653 654 e6
    c 655 656 dc
    c 657 65b e6
    c 65c 65c dc
    c 65d 65e e6
    c 65f 65f dc
    c 670 670 23
    c 6d6 6dc e6
    c 6df 6e2 e6
    c 6e3 6e3 dc
    c 6e4 6e4 e6
    c 6e7 6e8 e6
    c 6ea 6ea dc
    c 6eb 6ec e6
    c 6ed 6ed dc
    c 711 711 24
    c 730 730 e6
    c 731 731 dc
    c 732 733 e6
    c 734 734 dc
    c 735 736 e6
    c 737 739 dc
    c 73a 73a e6
    c 73b 73c dc
    c 73d 73d e6
    c 73e 73e dc
    c 73f 741 e6
    c 742 742 dc
    c 743 743 e6
    c 744 744 dc
    c 745 745 e6
    c 746 746 dc
    c 747 747 e6
    c 748 748 dc
    c 749 74a e6
    c 7eb 7f1 e6
    c 7f2 7f2 dc
    c 7f3 7f3 e6
    c 816 819 e6
    c 81b 823 e6
    c 825 827 e6
    c 829 82d e6
    c 859 85b dc
    c 8d4 8e1 e6
    c 8e3 8e3 dc
    c 8e4 8e5 e6
    c 8e6 8e6 dc
    c 8e7 8e8 e6
    c 8e9 8e9 dc
    c 8ea 8ec e6
    c 8ed 8ef dc
    c 8f0 8f0 1b
    c 8f1 8f1 1c
    c 8f2 8f2 1d
    c 8f3 8f5 e6
    c 8f6 8f6 dc
    c 8f7 8f8 e6
    c 8f9 8fa dc
    c 8fb 8ff e6
    c 93c 93c 7
    c 94d 94d 9
    c 951 951 e6
    c 952 952 dc
    c 953 954 e6
    c 9bc 9bc 7
    c 9cd 9cd 9
    c a3c a3c 7
    c a4d a4d 9
    c abc abc 7
    c acd acd 9
    c b3c b3c 7
    c b4d b4d 9
    c bcd bcd 9
    c c4d c4d 9
    c c55 c55 54
    c c56 c56 5b
    c cbc cbc 7
    c ccd ccd 9
    c d4d d4d 9
    c dca dca 9
    c e38 e39 67
    c e3a e3a 9
    c e48 e4b 6b
    c eb8 eb9 76
    c ec8 ecb 7a
    c f18 f19 dc
    c f35 f35 dc
    c f37 f37 dc
    c f39 f39 d8
    c f71 f71 81
    c f72 f72 82
    c f74 f74 84
    c f7a f7d 82
    c f80 f80 82
    c f82 f83 e6
    c f84 f84 9
    c f86 f87 e6
    c fc6 fc6 dc
    c 1037 1037 7
    c 1039 103a 9
    c 108d 108d dc
    c 135d 135f e6
    c 1714 1714 9
    c 1734 1734 9
    c 17d2 17d2 9
    c 17dd 17dd e6
    c 18a9 18a9 e4
    c 1939 1939 de
    c 193a 193a e6
    c 193b 193b dc
    c 1a17 1a17 e6
    c 1a18 1a18 dc
    c 1a60 1a60 9
    c 1a75 1a7c e6
    c 1a7f 1a7f dc
    c 1ab0 1ab4 e6
    c 1ab5 1aba dc
    c 1abb 1abc e6
    c 1abd 1abd dc
    c 1b34 1b34 7
    c 1b44 1b44 9
    c 1b6b 1b6b e6
    c 1b6c 1b6c dc
    c 1b6d 1b73 e6
    c 1baa 1bab 9
    c 1be6 1be6 7
    c 1bf2 1bf3 9
    c 1c37 1c37 7
    c 1cd0 1cd2 e6
    c 1cd4 1cd4 1
    c 1cd5 1cd9 dc
    c 1cda 1cdb e6
    c 1cdc 1cdf dc
    c 1ce0 1ce0 e6
    c 1ce2 1ce8 1
    c 1ced 1ced dc
    c 1cf4 1cf4 e6
    c 1cf8 1cf9 e6
    c 1dc0 1dc1 e6
    c 1dc2 1dc2 dc
    c 1dc3 1dc9 e6
    c 1dca 1dca dc
    c 1dcb 1dcc e6
    c 1dcd 1dcd ea
    c 1dce 1dce d6
    c 1dcf 1dcf dc
    c 1dd0 1dd0 ca
    c 1dd1 1df5 e6
    c 1dfb 1dfb e6
    c 1dfc 1dfc e9
    c 1dfd 1dfd dc
    c 1dfe 1dfe e6
    c 1dff 1dff dc
    c 20d0 20d1 e6
    c 20d2 20d3 1
    c 20d4 20d7 e6
    c 20d8 20da 1
    c 20db 20dc e6
    c 20e1 20e1 e6
    c 20e5 20e6 1
    c 20e7 20e7 e6
    c 20e8 20e8 dc
    c 20e9 20e9 e6
    c 20ea 20eb 1
    c 20ec 20ef dc
    c 20f0 20f0 e6
    c 2cef 2cf1 e6
    c 2d7f 2d7f 9
    c 2de0 2dff e6
    c 302a 302a da
    c 302b 302b e4
    c 302c 302c e8
    c 302d 302d de
    c 302e 302f e0
    c 3099 309a 8
    c a66f a66f e6
    c a674 a67d e6
    c a69e a69f e6
    c a6f0 a6f1 e6
    c a806 a806 9
    c a8c4 a8c4 9
    c a8e0 a8f1 e6
    c a92b a92d dc
    c a953 a953 9
    c a9b3 a9b3 7
    c a9c0 a9c0 9
    c aab0 aab0 e6
    c aab2 aab3 e6
    c aab4 aab4 dc
    c aab7 aab8 e6
    c aabe aabf e6
    c aac1 aac1 e6
    c aaf6 aaf6 9
    c abed abed 9
    c fb1e fb1e 1a
    c fe20 fe26 e6
    c fe27 fe2d dc
    c fe2e fe2f e6
    c 101fd 101fd dc
    c 102e0 102e0 dc
    c 10376 1037a e6
    c 10a0d 10a0d dc
    c 10a0f 10a0f e6
    c 10a38 10a38 e6
    c 10a39 10a39 1
    c 10a3a 10a3a dc
    c 10a3f 10a3f 9
    c 10ae5 10ae5 e6
    c 10ae6 10ae6 dc
    c 11046 11046 9
    c 1107f 1107f 9
    c 110b9 110b9 9
    c 110ba 110ba 7
    c 11100 11102 e6
    c 11133 11134 9
    c 11173 11173 7
    c 111c0 111c0 9
    c 111ca 111ca 7
    c 11235 11235 9
    c 11236 11236 7
    c 112e9 112e9 7
    c 112ea 112ea 9
    c 1133c 1133c 7
    c 1134d 1134d 9
    c 11366 1136c e6
    c 11370 11374 e6
    c 11442 11442 9
    c 11446 11446 7
    c 114c2 114c2 9
    c 114c3 114c3 7
    c 115bf 115bf 9
    c 115c0 115c0 7
    c 1163f 1163f 9
    c 116b6 116b6 9
    c 116b7 116b7 7
    c 1172b 1172b 9
    c 11c3f 11c3f 9
    c 16af0 16af4 1
    c 16b30 16b36 e6
    c 1bc9e 1bc9e 1
    c 1d165 1d166 d8
    c 1d167 1d169 1
    c 1d16d 1d16d e2
    c 1d16e 1d172 d8
    c 1d17b 1d182 dc
    c 1d185 1d189 e6
    c 1d18a 1d18b dc
    c 1d1aa 1d1ad e6
    c 1d242 1d244 e6
    c 1e000 1e006 e6
    c 1e008 1e018 e6
    c 1e01b 1e021 e6
    c 1e023 1e024 e6
    c 1e026 1e02a e6
    c 1e8d0 1e8d6 dc
    c 1e944 1e949 e6
    c 1e94a 1e94a 7
    d c0 41 300
    d c1 41 301
    d c2 41 302
    d c3 41 303
    d c4 41 308
    d c5 41 30a
    d c7 43 327
    d c8 45 300
    d c9 45 301
    d ca 45 302
    d cb 45 308
    d cc 49 300
    d cd 49 301
    d ce 49 302
    d cf 49 308
    d d1 4e 303
    d d2 4f 300
    d d3 4f 301
    d d4 4f 302
    d d5 4f 303
    d d6 4f 308
    d d9 55 300
    d da 55 301
    d db 55 302
    d dc 55 308
    d dd 59 301
    d e0 61 300
    d e1 61 301
    d e2 61 302
    d e3 61 303
    d e4 61 308
    d e5 61 30a
    d e7 63 327
    d e8 65 300
    d e9 65 301
    d ea 65 302
    d eb 65 308
    d ec 69 300
    d ed 69 301
    d ee 69 302
    d ef 69 308
    d f1 6e 303
    d f2 6f 300
    d f3 6f 301
    d f4 6f 302
    d f5 6f 303
    d f6 6f 308
    d f9 75 300
    d fa 75 301
    d fb 75 302
    d fc 75 308
    d fd 79 301
    d ff 79 308
    d 100 41 304
    d 101 61 304
    d 102 41 306
    d 103 61 306
    d 104 41 328
    d 105 61 328
    d 106 43 301
    d 107 63 301
    d 108 43 302
    d 109 63 302
    d 10a 43 307
    d 10b 63 307
    d 10c 43 30c
    d 10d 63 30c
    d 10e 44 30c
    d 10f 64 30c
    d 112 45 304
    d 113 65 304
    d 114 45 306
    d 115 65 306
    d 116 45 307
    d 117 65 307
    d 118 45 328
    d 119 65 328
    d 11a 45 30c
    d 11b 65 30c
    d 11c 47 302
    d 11d 67 302
    d 11e 47 306
    d 11f 67 306
    d 120 47 307
    d 121 67 307
    d 122 47 327
    d 123 67 327
    d 124 48 302
    d 125 68 302
    d 128 49 303
    d 129 69 303
    d 12a 49 304
    d 12b 69 304
    d 12c 49 306
    d 12d 69 306
    d 12e 49 328
    d 12f 69 328
    d 130 49 307
    d 134 4a 302
    d 135 6a 302
    d 136 4b 327
    d 137 6b 327
    d 139 4c 301
    d 13a 6c 301
    d 13b 4c 327
    d 13c 6c 327
    d 13d 4c 30c
    d 13e 6c 30c
    d 143 4e 301
    d 144 6e 301
    d 145 4e 327
    d 146 6e 327
    d 147 4e 30c
    d 148 6e 30c
    d 14c 4f 304
    d 14d 6f 304
    d 14e 4f 306
    d 14f 6f 306
    d 150 4f 30b
    d 151 6f 30b
    d 154 52 301
    d 155 72 301
    d 156 52 327
    d 157 72 327
    d 158 52 30c
    d 159 72 30c
    d 15a 53 301
    d 15b 73 301
    d 15c 53 302
    d 15d 73 302
    d 15e 53 327
    d 15f 73 327
    d 160 53 30c
    d 161 73 30c
    d 162 54 327
    d 163 74 327
    d 164 54 30c
    d 165 74 30c
    d 168 55 303
    d 169 75 303
    d 16a 55 304
    d 16b 75 304
    d 16c 55 306
    d 16d 75 306
    d 16e 55 30a
    d 16f 75 30a
    d 170 55 30b
    d 171 75 30b
    d 172 55 328
    d 173 75 328
    d 174 57 302
    d 175 77 302
    d 176 59 302
    d 177 79 302
    d 178 59 308
    d 179 5a 301
    d 17a 7a 301
    d 17b 5a 307
    d 17c 7a 307
    d 17d 5a 30c
    d 17e 7a 30c
    d 1a0 4f 31b
    d 1a1 6f 31b
    d 1af 55 31b
    d 1b0 75 31b
    d 1cd 41 30c
    d 1ce 61 30c
    d 1cf 49 30c
    d 1d0 69 30c
    d 1d1 4f 30c
    d 1d2 6f 30c
    d 1d3 55 30c
    d 1d4 75 30c
    d 1d5 55 308 304
    d 1d6 75 308 304
    d 1d7 55 308 301
    d 1d8 75 308 301
    d 1d9 55 308 30c
    d 1da 75 308 30c
    d 1db 55 308 300
    d 1dc 75 308 300
    d 1de 41 308 304
    d 1df 61 308 304
    d 1e0 41 307 304
    d 1e1 61 307 304
    d 1e2 c6 304
    d 1e3 e6 304
    d 1e6 47 30c
    d 1e7 67 30c
    d 1e8 4b 30c
    d 1e9 6b 30c
    d 1ea 4f 328
    d 1eb 6f 328
    d 1ec 4f 328 304
    d 1ed 6f 328 304
    d 1ee 1b7 30c
    d 1ef 292 30c
    d 1f0 6a 30c
    d 1f4 47 301
    d 1f5 67 301
    d 1f8 4e 300
    d 1f9 6e 300
    d 1fa 41 30a 301
    d 1fb 61 30a 301
    d 1fc c6 301
    d 1fd e6 301
    d 1fe d8 301
    d 1ff f8 301
    d 200 41 30f
    d 201 61 30f
    d 202 41 311
    d 203 61 311
    d 204 45 30f
    d 205 65 30f
    d 206 45 311
    d 207 65 311
    d 208 49 30f
    d 209 69 30f
    d 20a 49 311
    d 20b 69 311
    d 20c 4f 30f
    d 20d 6f 30f
    d 20e 4f 311
    d 20f 6f 311
    d 210 52 30f
    d 211 72 30f
    d 212 52 311
    d 213 72 311
    d 214 55 30f
    d 215 75 30f
    d 216 55 311
    d 217 75 311
    d 218 53 326
    d 219 73 326
    d 21a 54 326
    d 21b 74 326
    d 21e 48 30c
    d 21f 68 30c
    d 226 41 307
    d 227 61 307
    d 228 45 327
    d 229 65 327
    d 22a 4f 308 304
    d 22b 6f 308 304
    d 22c 4f 303 304
    d 22d 6f 303 304
    d 22e 4f 307
    d 22f 6f 307
    d 230 4f 307 304
    d 231 6f 307 304
    d 232 59 304
    d 233 79 304
    d 340 300
    d 341 301
    d 343 313
    d 344 308 301
    d 374 2b9
    d 37e 3b
    d 385 a8 301
    d 386 391 301
    d 387 b7
    d 388 395 301
    d 389 397 301
    d 38a 399 301
    d 38c 39f 301
    d 38e 3a5 301
    d 38f 3a9 301
    d 390 3b9 308 301
    d 3aa 399 308
    d 3ab 3a5 308
    d 3ac 3b1 301
    d 3ad 3b5 301
    d 3ae 3b7 301
    d 3af 3b9 301
    d 3b0 3c5 308 301
    d 3ca 3b9 308
    d 3cb 3c5 308
    d 3cc 3bf 301
    d 3cd 3c5 301
    d 3ce 3c9 301
    d 3d3 3d2 301
    d 3d4 3d2 308
    d 400 415 300
    d 401 415 308
    d 403 413 301
    d 407 406 308
    d 40c 41a 301
    d 40d 418 300
    d 40e 423 306
    d 419 418 306
    d 439 438 306
    d 450 435 300
    d 451 435 308
    d 453 433 301
    d 457 456 308
    d 45c 43a 301
    d 45d 438 300
    d 45e 443 306
    d 476 474 30f
    d 477 475 30f
    d 4c1 416 306
    d 4c2 436 306
    d 4d0 410 306
    d 4d1 430 306
    d 4d2 410 308
    d 4d3 430 308
    d 4d6 415 306
    d 4d7 435 306
    d 4da 4d8 308
    d 4db 4d9 308
    d 4dc 416 308
    d 4dd 436 308
    d 4de 417 308
    d 4df 437 308
    d 4e2 418 304
    d 4e3 438 304
    d 4e4 418 308
    d 4e5 438 308
    d 4e6 41e 308
    d 4e7 43e 308
    d 4ea 4e8 308
    d 4eb 4e9 308
    d 4ec 42d 308
    d 4ed 44d 308
    d 4ee 423 304
    d 4ef 443 304
    d 4f0 423 308
    d 4f1 443 308
    d 4f2 423 30b
    d 4f3 443 30b
    d 4f4 427 308
    d 4f5 447 308
    d 4f8 42b 308
    d 4f9 44b 308
    d 622 627 653
    d 623 627 654
    d 624 648 654
    d 625 627 655
    d 626 64a 654
    d 6c0 6d5 654
    d 6c2 6c1 654
    d 6d3 6d2 654
    d 929 928 93c
    d 931 930 93c
    d 934 933 93c
    d 958 915 93c
    d 959 916 93c
    d 95a 917 93c
    d 95b 91c 93c
    d 95c 921 93c
    d 95d 922 93c
    d 95e 92b 93c
    d 95f 92f 93c
    d 9cb 9c7 9be
    d 9cc 9c7 9d7
    d 9dc 9a1 9bc
    d 9dd 9a2 9bc
    d 9df 9af 9bc
    d a33 a32 a3c
    d a36 a38 a3c
    d a59 a16 a3c
    d a5a a17 a3c
    d a5b a1c a3c
    d a5e a2b a3c
    d b48 b47 b56
    d b4b b47 b3e
    d b4c b47 b57
    d b5c b21 b3c
    d b5d b22 b3c
    d b94 b92 bd7
    d bca bc6 bbe
    d bcb bc7 bbe
    d bcc bc6 bd7
    d c48 c46 c56
    d cc0 cbf cd5
    d cc7 cc6 cd5
    d cc8 cc6 cd6
    d cca cc6 cc2
    d ccb cc6 cc2 cd5
    d d4a d46 d3e
    d d4b d47 d3e
    d d4c d46 d57
    d dda dd9 dca
    d ddc dd9 dcf
    d ddd dd9 dcf dca
    d dde dd9 ddf
    d f43 f42 fb7
    d f4d f4c fb7
    d f52 f51 fb7
    d f57 f56 fb7
    d f5c f5b fb7
    d f69 f40 fb5
    d f73 f71 f72
    d f75 f71 f74
    d f76 fb2 f80
    d f78 fb3 f80
    d f81 f71 f80
    d f93 f92 fb7
    d f9d f9c fb7
    d fa2 fa1 fb7
    d fa7 fa6 fb7
    d fac fab fb7
    d fb9 f90 fb5
    d 1026 1025 102e
    d 1b06 1b05 1b35
    d 1b08 1b07 1b35
    d 1b0a 1b09 1b35
    d 1b0c 1b0b 1b35
    d 1b0e 1b0d 1b35
    d 1b12 1b11 1b35
    d 1b3b 1b3a 1b35
    d 1b3d 1b3c 1b35
    d 1b40 1b3e 1b35
    d 1b41 1b3f 1b35
    d 1b43 1b42 1b35
    d 1e00 41 325
    d 1e01 61 325
    d 1e02 42 307
    d 1e03 62 307
    d 1e04 42 323
    d 1e05 62 323
    d 1e06 42 331
    d 1e07 62 331
    d 1e08 43 327 301
    d 1e09 63 327 301
    d 1e0a 44 307
    d 1e0b 64 307
    d 1e0c 44 323
    d 1e0d 64 323
    d 1e0e 44 331
    d 1e0f 64 331
    d 1e10 44 327
    d 1e11 64 327
    d 1e12 44 32d
    d 1e13 64 32d
    d 1e14 45 304 300
    d 1e15 65 304 300
    d 1e16 45 304 301
    d 1e17 65 304 301
    d 1e18 45 32d
    d 1e19 65 32d
    d 1e1a 45 330
    d 1e1b 65 330
    d 1e1c 45 327 306
    d 1e1d 65 327 306
    d 1e1e 46 307
    d 1e1f 66 307
    d 1e20 47 304
    d 1e21 67 304
    d 1e22 48 307
    d 1e23 68 307
    d 1e24 48 323
    d 1e25 68 323
    d 1e26 48 308
    d 1e27 68 308
    d 1e28 48 327
    d 1e29 68 327
    d 1e2a 48 32e
    d 1e2b 68 32e
    d 1e2c 49 330
    d 1e2d 69 330
    d 1e2e 49 308 301
    d 1e2f 69 308 301
    d 1e30 4b 301
    d 1e31 6b 301
    d 1e32 4b 323
    d 1e33 6b 323
    d 1e34 4b 331
    d 1e35 6b 331
    d 1e36 4c 323
    d 1e37 6c 323
    d 1e38 4c 323 304
    d 1e39 6c 323 304
    d 1e3a 4c 331
    d 1e3b 6c 331
    d 1e3c 4c 32d
    d 1e3d 6c 32d
    d 1e3e 4d 301
    d 1e3f 6d 301
    d 1e40 4d 307
    d 1e41 6d 307
    d 1e42 4d 323
    d 1e43 6d 323
    d 1e44 4e 307
    d 1e45 6e 307
    d 1e46 4e 323
    d 1e47 6e 323
    d 1e48 4e 331
    d 1e49 6e 331
    d 1e4a 4e 32d
    d 1e4b 6e 32d
    d 1e4c 4f 303 301
    d 1e4d 6f 303 301
    d 1e4e 4f 303 308
    d 1e4f 6f 303 308
    d 1e50 4f 304 300
    d 1e51 6f 304 300
    d 1e52 4f 304 301
    d 1e53 6f 304 301
    d 1e54 50 301
    d 1e55 70 301
    d 1e56 50 307
    d 1e57 70 307
    d 1e58 52 307
    d 1e59 72 307
    d 1e5a 52 323
    d 1e5b 72 323
    d 1e5c 52 323 304
    d 1e5d 72 323 304
    d 1e5e 52 331
    d 1e5f 72 331
    d 1e60 53 307
    d 1e61 73 307
    d 1e62 53 323
    d 1e63 73 323
    d 1e64 53 301 307
    d 1e65 73 301 307
    d 1e66 53 30c 307
    d 1e67 73 30c 307
    d 1e68 53 323 307
    d 1e69 73 323 307
    d 1e6a 54 307
    d 1e6b 74 307
    d 1e6c 54 323
    d 1e6d 74 323
    d 1e6e 54 331
    d 1e6f 74 331
    d 1e70 54 32d
    d 1e71 74 32d
    d 1e72 55 324
    d 1e73 75 324
    d 1e74 55 330
    d 1e75 75 330
    d 1e76 55 32d
    d 1e77 75 32d
    d 1e78 55 303 301
    d 1e79 75 303 301
    d 1e7a 55 304 308
    d 1e7b 75 304 308
    d 1e7c 56 303
    d 1e7d 76 303
    d 1e7e 56 323
    d 1e7f 76 323
    d 1e80 57 300
    d 1e81 77 300
    d 1e82 57 301
    d 1e83 77 301
    d 1e84 57 308
    d 1e85 77 308
    d 1e86 57 307
    d 1e87 77 307
    d 1e88 57 323
    d 1e89 77 323
    d 1e8a 58 307
    d 1e8b 78 307
    d 1e8c 58 308
    d 1e8d 78 308
    d 1e8e 59 307
    d 1e8f 79 307
    d 1e90 5a 302
    d 1e91 7a 302
    d 1e92 5a 323
    d 1e93 7a 323
    d 1e94 5a 331
    d 1e95 7a 331
    d 1e96 68 331
    d 1e97 74 308
    d 1e98 77 30a
    d 1e99 79 30a
    d 1e9b 17f 307
    d 1ea0 41 323
    d 1ea1 61 323
    d 1ea2 41 309
    d 1ea3 61 309
    d 1ea4 41 302 301
    d 1ea5 61 302 301
    d 1ea6 41 302 300
    d 1ea7 61 302 300
    d 1ea8 41 302 309
    d 1ea9 61 302 309
    d 1eaa 41 302 303
    d 1eab 61 302 303
    d 1eac 41 323 302
    d 1ead 61 323 302
    d 1eae 41 306 301
    d 1eaf 61 306 301
    d 1eb0 41 306 300
    d 1eb1 61 306 300
    d 1eb2 41 306 309
    d 1eb3 61 306 309
    d 1eb4 41 306 303
    d 1eb5 61 306 303
    d 1eb6 41 323 306
    d 1eb7 61 323 306
    d 1eb8 45 323
    d 1eb9 65 323
    d 1eba 45 309
    d 1ebb 65 309
    d 1ebc 45 303
    d 1ebd 65 303
    d 1ebe 45 302 301
    d 1ebf 65 302 301
    d 1ec0 45 302 300
    d 1ec1 65 302 300
    d 1ec2 45 302 309
    d 1ec3 65 302 309
    d 1ec4 45 302 303
    d 1ec5 65 302 303
    d 1ec6 45 323 302
    d 1ec7 65 323 302
    d 1ec8 49 309
    d 1ec9 69 309
    d 1eca 49 323
    d 1ecb 69 323
    d 1ecc 4f 323
    d 1ecd 6f 323
    d 1ece 4f 309
    d 1ecf 6f 309
    d 1ed0 4f 302 301
    d 1ed1 6f 302 301
    d 1ed2 4f 302 300
    d 1ed3 6f 302 300
    d 1ed4 4f 302 309
    d 1ed5 6f 302 309
    d 1ed6 4f 302 303
    d 1ed7 6f 302 303
    d 1ed8 4f 323 302
    d 1ed9 6f 323 302
    d 1eda 4f 31b 301
    d 1edb 6f 31b 301
    d 1edc 4f 31b 300
    d 1edd 6f 31b 300
    d 1ede 4f 31b 309
    d 1edf 6f 31b 309
    d 1ee0 4f 31b 303
    d 1ee1 6f 31b 303
    d 1ee2 4f 31b 323
    d 1ee3 6f 31b 323
    d 1ee4 55 323
    d 1ee5 75 323
    d 1ee6 55 309
    d 1ee7 75 309
    d 1ee8 55 31b 301
    d 1ee9 75 31b 301
    d 1eea 55 31b 300
    d 1eeb 75 31b 300
    d 1eec 55 31b 309
    d 1eed 75 31b 309
    d 1eee 55 31b 303
    d 1eef 75 31b 303
    d 1ef0 55 31b 323
    d 1ef1 75 31b 323
    d 1ef2 59 300
    d 1ef3 79 300
    d 1ef4 59 323
    d 1ef5 79 323
    d 1ef6 59 309
    d 1ef7 79 309
    d 1ef8 59 303
    d 1ef9 79 303
    d 1f00 3b1 313
    d 1f01 3b1 314
    d 1f02 3b1 313 300
    d 1f03 3b1 314 300
    d 1f04 3b1 313 301
    d 1f05 3b1 314 301
    d 1f06 3b1 313 342
    d 1f07 3b1 314 342
    d 1f08 391 313
    d 1f09 391 314
    d 1f0a 391 313 300
    d 1f0b 391 314 300
    d 1f0c 391 313 301
    d 1f0d 391 314 301
    d 1f0e 391 313 342
    d 1f0f 391 314 342
    d 1f10 3b5 313
    d 1f11 3b5 314
    d 1f12 3b5 313 300
    d 1f13 3b5 314 300
    d 1f14 3b5 313 301
    d 1f15 3b5 314 301
    d 1f18 395 313
    d 1f19 395 314
    d 1f1a 395 313 300
    d 1f1b 395 314 300
    d 1f1c 395 313 301
    d 1f1d 395 314 301
    d 1f20 3b7 313
    d 1f21 3b7 314
    d 1f22 3b7 313 300
    d 1f23 3b7 314 300
    d 1f24 3b7 313 301
    d 1f25 3b7 314 301
    d 1f26 3b7 313 342
    d 1f27 3b7 314 342
    d 1f28 397 313
    d 1f29 397 314
    d 1f2a 397 313 300
    d 1f2b 397 314 300
    d 1f2c 397 313 301
    d 1f2d 397 314 301
    d 1f2e 397 313 342
    d 1f2f 397 314 342
    d 1f30 3b9 313
    d 1f31 3b9 314
    d 1f32 3b9 313 300
    d 1f33 3b9 314 300
    d 1f34 3b9 313 301
    d 1f35 3b9 314 301
    d 1f36 3b9 313 342
    d 1f37 3b9 314 342
    d 1f38 399 313
    d 1f39 399 314
    d 1f3a 399 313 300
    d 1f3b 399 314 300
    d 1f3c 399 313 301
    d 1f3d 399 314 301
    d 1f3e 399 313 342
    d 1f3f 399 314 342
    d 1f40 3bf 313
    d 1f41 3bf 314
    d 1f42 3bf 313 300
    d 1f43 3bf 314 300
    d 1f44 3bf 313 301
    d 1f45 3bf 314 301
    d 1f48 39f 313
    d 1f49 39f 314
    d 1f4a 39f 313 300
    d 1f4b 39f 314 300
    d 1f4c 39f 313 301
    d 1f4d 39f 314 301
    d 1f50 3c5 313
    d 1f51 3c5 314
    d 1f52 3c5 313 300
    d 1f53 3c5 314 300
    d 1f54 3c5 313 301
    d 1f55 3c5 314 301
    d 1f56 3c5 313 342
    d 1f57 3c5 314 342
    d 1f59 3a5 314
    d 1f5b 3a5 314 300
    d 1f5d 3a5 314 301
    d 1f5f 3a5 314 342
    d 1f60 3c9 313
    d 1f61 3c9 314
    d 1f62 3c9 313 300
    d 1f63 3c9 314 300
    d 1f64 3c9 313 301
    d 1f65 3c9 314 301
    d 1f66 3c9 313 342
    d 1f67 3c9 314 342
    d 1f68 3a9 313
    d 1f69 3a9 314
    d 1f6a 3a9 313 300
    d 1f6b 3a9 314 300
    d 1f6c 3a9 313 301
    d 1f6d 3a9 314 301
    d 1f6e 3a9 313 342
    d 1f6f 3a9 314 342
    d 1f70 3b1 300
    d 1f71 3b1 301
    d 1f72 3b5 300
    d 1f73 3b5 301
    d 1f74 3b7 300
    d 1f75 3b7 301
    d 1f76 3b9 300
    d 1f77 3b9 301
    d 1f78 3bf 300
    d 1f79 3bf 301
    d 1f7a 3c5 300
    d 1f7b 3c5 301
    d 1f7c 3c9 300
    d 1f7d 3c9 301
    d 1f80 3b1 313 345
    d 1f81 3b1 314 345
    d 1f82 3b1 313 300 345
    d 1f83 3b1 314 300 345
    d 1f84 3b1 313 301 345
    d 1f85 3b1 314 301 345
    d 1f86 3b1 313 342 345
    d 1f87 3b1 314 342 345
    d 1f88 391 313 345
    d 1f89 391 314 345
    d 1f8a 391 313 300 345
    d 1f8b 391 314 300 345
    d 1f8c 391 313 301 345
    d 1f8d 391 314 301 345
    d 1f8e 391 313 342 345
    d 1f8f 391 314 342 345
    d 1f90 3b7 313 345
    d 1f91 3b7 314 345
    d 1f92 3b7 313 300 345
    d 1f93 3b7 314 300 345
    d 1f94 3b7 313 301 345
    d 1f95 3b7 314 301 345
    d 1f96 3b7 313 342 345
    d 1f97 3b7 314 342 345
    d 1f98 397 313 345
    d 1f99 397 314 345
    d 1f9a 397 313 300 345
    d 1f9b 397 314 300 345
    d 1f9c 397 313 301 345
    d 1f9d 397 314 301 345
    d 1f9e 397 313 342 345
    d 1f9f 397 314 342 345
    d 1fa0 3c9 313 345
    d 1fa1 3c9 314 345
    d 1fa2 3c9 313 300 345
    d 1fa3 3c9 314 300 345
    d 1fa4 3c9 313 301 345
    d 1fa5 3c9 314 301 345
    d 1fa6 3c9 313 342 345
    d 1fa7 3c9 314 342 345
    d 1fa8 3a9 313 345
    d 1fa9 3a9 314 345
    d 1faa 3a9 313 300 345
    d 1fab 3a9 314 300 345
    d 1fac 3a9 313 301 345
    d 1fad 3a9 314 301 345
    d 1fae 3a9 313 342 345
    d 1faf 3a9 314 342 345
    d 1fb0 3b1 306
    d 1fb1 3b1 304
    d 1fb2 3b1 300 345
    d 1fb3 3b1 345
    d 1fb4 3b1 301 345
    d 1fb6 3b1 342
    d 1fb7 3b1 342 345
    d 1fb8 391 306
    d 1fb9 391 304
    d 1fba 391 300
    d 1fbb 391 301
    d 1fbc 391 345
    d 1fbe 3b9
    d 1fc1 a8 342
    d 1fc2 3b7 300 345
    d 1fc3 3b7 345
    d 1fc4 3b7 301 345
    d 1fc6 3b7 342
    d 1fc7 3b7 342 345
    d 1fc8 395 300
    d 1fc9 395 301
    d 1fca 397 300
    d 1fcb 397 301
    d 1fcc 397 345
    d 1fcd 1fbf 300
    d 1fce 1fbf 301
    d 1fcf 1fbf 342
    d 1fd0 3b9 306
    d 1fd1 3b9 304
    d 1fd2 3b9 308 300
    d 1fd3 3b9 308 301
    d 1fd6 3b9 342
    d 1fd7 3b9 308 342
    d 1fd8 399 306
    d 1fd9 399 304
    d 1fda 399 300
    d 1fdb 399 301
    d 1fdd 1ffe 300
    d 1fde 1ffe 301
    d 1fdf 1ffe 342
    d 1fe0 3c5 306
    d 1fe1 3c5 304
    d 1fe2 3c5 308 300
    d 1fe3 3c5 308 301
    d 1fe4 3c1 313
    d 1fe5 3c1 314
    d 1fe6 3c5 342
    d 1fe7 3c5 308 342
    d 1fe8 3a5 306
    d 1fe9 3a5 304
    d 1fea 3a5 300
    d 1feb 3a5 301
    d 1fec 3a1 314
    d 1fed a8 300
    d 1fee a8 301
    d 1fef 60
    d 1ff2 3c9 300 345
    d 1ff3 3c9 345
    d 1ff4 3c9 301 345
    d 1ff6 3c9 342
    d 1ff7 3c9 342 345
    d 1ff8 39f 300
    d 1ff9 39f 301
    d 1ffa 3a9 300
    d 1ffb 3a9 301
    d 1ffc 3a9 345
    d 1ffd b4
    d 2000 2002
    d 2001 2003
    d 2126 3a9
    d 212a 4b
    d 212b 41 30a
    d 219a 2190 338
    d 219b 2192 338
    d 21ae 2194 338
    d 21cd 21d0 338
    d 21ce 21d4 338
    d 21cf 21d2 338
    d 2204 2203 338
    d 2209 2208 338
    d 220c 220b 338
    d 2224 2223 338
    d 2226 2225 338
    d 2241 223c 338
    d 2244 2243 338
    d 2247 2245 338
    d 2249 2248 338
    d 2260 3d 338
    d 2262 2261 338
    d 226d 224d 338
    d 226e 3c 338
    d 226f 3e 338
    d 2270 2264 338
    d 2271 2265 338
    d 2274 2272 338
    d 2275 2273 338
    d 2278 2276 338
    d 2279 2277 338
    d 2280 227a 338
    d 2281 227b 338
    d 2284 2282 338
    d 2285 2283 338
    d 2288 2286 338
    d 2289 2287 338
    d 22ac 22a2 338
    d 22ad 22a8 338
    d 22ae 22a9 338
    d 22af 22ab 338
    d 22e0 227c 338
    d 22e1 227d 338
    d 22e2 2291 338
    d 22e3 2292 338
    d 22ea 22b2 338
    d 22eb 22b3 338
    d 22ec 22b4 338
    d 22ed 22b5 338
    d 2329 3008
    d 232a 3009
    d 2adc 2add 338
    d 304c 304b 3099
    d 304e 304d 3099
    d 3050 304f 3099
    d 3052 3051 3099
    d 3054 3053 3099
    d 3056 3055 3099
    d 3058 3057 3099
    d 305a 3059 3099
    d 305c 305b 3099
    d 305e 305d 3099
    d 3060 305f 3099
    d 3062 3061 3099
    d 3065 3064 3099
    d 3067 3066 3099
    d 3069 3068 3099
    d 3070 306f 3099
    d 3071 306f 309a
    d 3073 3072 3099
    d 3074 3072 309a
    d 3076 3075 3099
    d 3077 3075 309a
    d 3079 3078 3099
    d 307a 3078 309a
    d 307c 307b 3099
    d 307d 307b 309a
    d 3094 3046 3099
    d 309e 309d 3099
    d 30ac 30ab 3099
    d 30ae 30ad 3099
    d 30b0 30af 3099
    d 30b2 30b1 3099
    d 30b4 30b3 3099
    d 30b6 30b5 3099
    d 30b8 30b7 3099
    d 30ba 30b9 3099
    d 30bc 30bb 3099
    d 30be 30bd 3099
    d 30c0 30bf 3099
    d 30c2 30c1 3099
    d 30c5 30c4 3099
    d 30c7 30c6 3099
    d 30c9 30c8 3099
    d 30d0 30cf 3099
    d 30d1 30cf 309a
    d 30d3 30d2 3099
    d 30d4 30d2 309a
    d 30d6 30d5 3099
    d 30d7 30d5 309a
    d 30d9 30d8 3099
    d 30da 30d8 309a
    d 30dc 30db 3099
    d 30dd 30db 309a
    d 30f4 30a6 3099
    d 30f7 30ef 3099
    d 30f8 30f0 3099
    d 30f9 30f1 3099
    d 30fa 30f2 3099
    d 30fe 30fd 3099
    d f900 8c48
    d f901 66f4
    d f902 8eca
    d f903 8cc8
    d f904 6ed1
    d f905 4e32
    d f906 53e5
    d f907 9f9c
    d f908 9f9c
    d f909 5951
    d f90a 91d1
    d f90b 5587
    d f90c 5948
    d f90d 61f6
    d f90e 7669
    d f90f 7f85
    d f910 863f
    d f911 87ba
    d f912 88f8
    d f913 908f
    d f914 6a02
    d f915 6d1b
    d f916 70d9
    d f917 73de
    d f918 843d
    d f919 916a
    d f91a 99f1
    d f91b 4e82
    d f91c 5375
    d f91d 6b04
    d f91e 721b
    d f91f 862d
    d f920 9e1e
    d f921 5d50
    d f922 6feb
    d f923 85cd
    d f924 8964
    d f925 62c9
    d f926 81d8
    d f927 881f
    d f928 5eca
    d f929 6717
    d f92a 6d6a
    d f92b 72fc
    d f92c 90ce
    d f92d 4f86
    d f92e 51b7
    d f92f 52de
    d f930 64c4
    d f931 6ad3
    d f932 7210
    d f933 76e7
    d f934 8001
    d f935 8606
    d f936 865c
    d f937 8def
    d f938 9732
    d f939 9b6f
    d f93a 9dfa
    d f93b 788c
    d f93c 797f
    d f93d 7da0
    d f93e 83c9
    d f93f 9304
    d f940 9e7f
    d f941 8ad6
    d f942 58df
    d f943 5f04
    d f944 7c60
    d f945 807e
    d f946 7262
    d f947 78ca
    d f948 8cc2
    d f949 96f7
    d f94a 58d8
    d f94b 5c62
    d f94c 6a13
    d f94d 6dda
    d f94e 6f0f
    d f94f 7d2f
    d f950 7e37
    d f951 964b
    d f952 52d2
    d f953 808b
    d f954 51dc
    d f955 51cc
    d f956 7a1c
    d f957 7dbe
    d f958 83f1
    d f959 9675
    d f95a 8b80
    d f95b 62cf
    d f95c 6a02
    d f95d 8afe
    d f95e 4e39
    d f95f 5be7
    d f960 6012
    d f961 7387
    d f962 7570
    d f963 5317
    d f964 78fb
    d f965 4fbf
    d f966 5fa9
    d f967 4e0d
    d f968 6ccc
    d f969 6578
    d f96a 7d22
    d f96b 53c3
    d f96c 585e
    d f96d 7701
    d f96e 8449
    d f96f 8aaa
    d f970 6bba
    d f971 8fb0
    d f972 6c88
    d f973 62fe
    d f974 82e5
    d f975 63a0
    d f976 7565
    d f977 4eae
    d f978 5169
    d f979 51c9
    d f97a 6881
    d f97b 7ce7
    d f97c 826f
    d f97d 8ad2
    d f97e 91cf
    d f97f 52f5
    d f980 5442
    d f981 5973
    d f982 5eec
    d f983 65c5
    d f984 6ffe
    d f985 792a
    d f986 95ad
    d f987 9a6a
    d f988 9e97
    d f989 9ece
    d f98a 529b
    d f98b 66c6
    d f98c 6b77
    d f98d 8f62
    d f98e 5e74
    d f98f 6190
    d f990 6200
    d f991 649a
    d f992 6f23
    d f993 7149
    d f994 7489
    d f995 79ca
    d f996 7df4
    d f997 806f
    d f998 8f26
    d f999 84ee
    d f99a 9023
    d f99b 934a
    d f99c 5217
    d f99d 52a3
    d f99e 54bd
    d f99f 70c8
    d f9a0 88c2
    d f9a1 8aaa
    d f9a2 5ec9
    d f9a3 5ff5
    d f9a4 637b
    d f9a5 6bae
    d f9a6 7c3e
    d f9a7 7375
    d f9a8 4ee4
    d f9a9 56f9
    d f9aa 5be7
    d f9ab 5dba
    d f9ac 601c
    d f9ad 73b2
    d f9ae 7469
    d f9af 7f9a
    d f9b0 8046
    d f9b1 9234
    d f9b2 96f6
    d f9b3 9748
    d f9b4 9818
    d f9b5 4f8b
    d f9b6 79ae
    d f9b7 91b4
    d f9b8 96b8
    d f9b9 60e1
    d f9ba 4e86
    d f9bb 50da
    d f9bc 5bee
    d f9bd 5c3f
    d f9be 6599
    d f9bf 6a02
    d f9c0 71ce
    d f9c1 7642
    d f9c2 84fc
    d f9c3 907c
    d f9c4 9f8d
    d f9c5 6688
    d f9c6 962e
    d f9c7 5289
    d f9c8 677b
    d f9c9 67f3
    d f9ca 6d41
    d f9cb 6e9c
    d f9cc 7409
    d f9cd 7559
    d f9ce 786b
    d f9cf 7d10
    d f9d0 985e
    d f9d1 516d
    d f9d2 622e
    d f9d3 9678
    d f9d4 502b
    d f9d5 5d19
    d f9d6 6dea
    d f9d7 8f2a
    d f9d8 5f8b
    d f9d9 6144
    d f9da 6817
    d f9db 7387
    d f9dc 9686
    d f9dd 5229
    d f9de 540f
    d f9df 5c65
    d f9e0 6613
    d f9e1 674e
    d f9e2 68a8
    d f9e3 6ce5
    d f9e4 7406
    d f9e5 75e2
    d f9e6 7f79
    d f9e7 88cf
    d f9e8 88e1
    d f9e9 91cc
    d f9ea 96e2
    d f9eb 533f
    d f9ec 6eba
    d f9ed 541d
    d f9ee 71d0
    d f9ef 7498
    d f9f0 85fa
    d f9f1 96a3
    d f9f2 9c57
    d f9f3 9e9f
    d f9f4 6797
    d f9f5 6dcb
    d f9f6 81e8
    d f9f7 7acb
    d f9f8 7b20
    d f9f9 7c92
    d f9fa 72c0
    d f9fb 7099
    d f9fc 8b58
    d f9fd 4ec0
    d f9fe 8336
    d f9ff 523a
    d fa00 5207
    d fa01 5ea6
    d fa02 62d3
    d fa03 7cd6
    d fa04 5b85
    d fa05 6d1e
    d fa06 66b4
    d fa07 8f3b
    d fa08 884c
    d fa09 964d
    d fa0a 898b
    d fa0b 5ed3
    d fa0c 5140
    d fa0d 55c0
    d fa10 585a
    d fa12 6674
    d fa15 51de
    d fa16 732a
    d fa17 76ca
    d fa18 793c
    d fa19 795e
    d fa1a 7965
    d fa1b 798f
    d fa1c 9756
    d fa1d 7cbe
    d fa1e 7fbd
    d fa20 8612
    d fa22 8af8
    d fa25 9038
    d fa26 90fd
    d fa2a 98ef
    d fa2b 98fc
    d fa2c 9928
    d fa2d 9db4
    d fa2e 90de
    d fa2f 96b7
    d fa30 4fae
    d fa31 50e7
    d fa32 514d
    d fa33 52c9
    d fa34 52e4
    d fa35 5351
    d fa36 559d
    d fa37 5606
    d fa38 5668
    d fa39 5840
    d fa3a 58a8
    d fa3b 5c64
    d fa3c 5c6e
    d fa3d 6094
    d fa3e 6168
    d fa3f 618e
    d fa40 61f2
    d fa41 654f
    d fa42 65e2
    d fa43 6691
    d fa44 6885
    d fa45 6d77
    d fa46 6e1a
    d fa47 6f22
    d fa48 716e
    d fa49 722b
    d fa4a 7422
    d fa4b 7891
    d fa4c 793e
    d fa4d 7949
    d fa4e 7948
    d fa4f 7950
    d fa50 7956
    d fa51 795d
    d fa52 798d
    d fa53 798e
    d fa54 7a40
    d fa55 7a81
    d fa56 7bc0
    d fa57 7df4
    d fa58 7e09
    d fa59 7e41
    d fa5a 7f72
    d fa5b 8005
    d fa5c 81ed
    d fa5d 8279
    d fa5e 8279
    d fa5f 8457
    d fa60 8910
    d fa61 8996
    d fa62 8b01
    d fa63 8b39
    d fa64 8cd3
    d fa65 8d08
    d fa66 8fb6
    d fa67 9038
    d fa68 96e3
    d fa69 97ff
    d fa6a 983b
    d fa6b 6075
    d fa6c 242ee
    d fa6d 8218
    d fa70 4e26
    d fa71 51b5
    d fa72 5168
    d fa73 4f80
    d fa74 5145
    d fa75 5180
    d fa76 52c7
    d fa77 52fa
    d fa78 559d
    d fa79 5555
    d fa7a 5599
    d fa7b 55e2
    d fa7c 585a
    d fa7d 58b3
    d fa7e 5944
    d fa7f 5954
    d fa80 5a62
    d fa81 5b28
    d fa82 5ed2
    d fa83 5ed9
    d fa84 5f69
    d fa85 5fad
    d fa86 60d8
    d fa87 614e
    d fa88 6108
    d fa89 618e
    d fa8a 6160
    d fa8b 61f2
    d fa8c 6234
    d fa8d 63c4
    d fa8e 641c
    d fa8f 6452
    d fa90 6556
    d fa91 6674
    d fa92 6717
    d fa93 671b
    d fa94 6756
    d fa95 6b79
    d fa96 6bba
    d fa97 6d41
    d fa98 6edb
    d fa99 6ecb
    d fa9a 6f22
    d fa9b 701e
    d fa9c 716e
    d fa9d 77a7
    d fa9e 7235
    d fa9f 72af
    d faa0 732a
    d faa1 7471
    d faa2 7506
    d faa3 753b
    d faa4 761d
    d faa5 761f
    d faa6 76ca
    d faa7 76db
    d faa8 76f4
    d faa9 774a
    d faaa 7740
    d faab 78cc
    d faac 7ab1
    d faad 7bc0
    d faae 7c7b
    d faaf 7d5b
    d fab0 7df4
    d fab1 7f3e
    d fab2 8005
    d fab3 8352
    d fab4 83ef
    d fab5 8779
    d fab6 8941
    d fab7 8986
    d fab8 8996
    d fab9 8abf
    d faba 8af8
    d fabb 8acb
    d fabc 8b01
    d fabd 8afe
    d fabe 8aed
    d fabf 8b39
    d fac0 8b8a
    d fac1 8d08
    d fac2 8f38
    d fac3 9072
    d fac4 9199
    d fac5 9276
    d fac6 967c
    d fac7 96e3
    d fac8 9756
    d fac9 97db
    d faca 97ff
    d facb 980b
    d facc 983b
    d facd 9b12
    d face 9f9c
    d facf 2284a
    d fad0 22844
    d fad1 233d5
    d fad2 3b9d
    d fad3 4018
    d fad4 4039
    d fad5 25249
    d fad6 25cd0
    d fad7 27ed3
    d fad8 9f43
    d fad9 9f8e
    d fb1d 5d9 5b4
    d fb1f 5f2 5b7
    d fb2a 5e9 5c1
    d fb2b 5e9 5c2
    d fb2c 5e9 5bc 5c1
    d fb2d 5e9 5bc 5c2
    d fb2e 5d0 5b7
    d fb2f 5d0 5b8
    d fb30 5d0 5bc
    d fb31 5d1 5bc
    d fb32 5d2 5bc
    d fb33 5d3 5bc
    d fb34 5d4 5bc
    d fb35 5d5 5bc
    d fb36 5d6 5bc
    d fb38 5d8 5bc
    d fb39 5d9 5bc
    d fb3a 5da 5bc
    d fb3b 5db 5bc
    d fb3c 5dc 5bc
    d fb3e 5de 5bc
    d fb40 5e0 5bc
    d fb41 5e1 5bc
    d fb43 5e3 5bc
    d fb44 5e4 5bc
    d fb46 5e6 5bc
    d fb47 5e7 5bc
    d fb48 5e8 5bc
    d fb49 5e9 5bc
    d fb4a 5ea 5bc
    d fb4b 5d5 5b9
    d fb4c 5d1 5bf
    d fb4d 5db 5bf
    d fb4e 5e4 5bf
    d 1109a 11099 110ba
    d 1109c 1109b 110ba
    d 110ab 110a5 110ba
    d 1112e 11131 11127
    d 1112f 11132 11127
    d 1134b 11347 1133e
    d 1134c 11347 11357
    d 114bb 114b9 114ba
    d 114bc 114b9 114b0
    d 114be 114b9 114bd
    d 115ba 115b8 115af
    d 115bb 115b9 115af
    d 1d15e 1d157 1d165
    d 1d15f 1d158 1d165
    d 1d160 1d158 1d165 1d16e
    d 1d161 1d158 1d165 1d16f
    d 1d162 1d158 1d165 1d170
    d 1d163 1d158 1d165 1d171
    d 1d164 1d158 1d165 1d172
    d 1d1bb 1d1b9 1d165
    d 1d1bc 1d1ba 1d165
    d 1d1bd 1d1b9 1d165 1d16e
    d 1d1be 1d1ba 1d165 1d16e
    d 1d1bf 1d1b9 1d165 1d16f
    d 1d1c0 1d1ba 1d165 1d16f
    d 2f800 4e3d
    d 2f801 4e38
    d 2f802 4e41
    d 2f803 20122
    d 2f804 4f60
    d 2f805 4fae
    d 2f806 4fbb
    d 2f807 5002
    d 2f808 507a
    d 2f809 5099
    d 2f80a 50e7
    d 2f80b 50cf
    d 2f80c 349e
    d 2f80d 2063a
    d 2f80e 514d
    d 2f80f 5154
    d 2f810 5164
    d 2f811 5177
    d 2f812 2051c
    d 2f813 34b9
    d 2f814 5167
    d 2f815 518d
    d 2f816 2054b
    d 2f817 5197
    d 2f818 51a4
    d 2f819 4ecc
    d 2f81a 51ac
    d 2f81b 51b5
    d 2f81c 291df
    d 2f81d 51f5
    d 2f81e 5203
    d 2f81f 34df
    d 2f820 523b
    d 2f821 5246
    d 2f822 5272
    d 2f823 5277
    d 2f824 3515
    d 2f825 52c7
    d 2f826 52c9
    d 2f827 52e4
    d 2f828 52fa
    d 2f829 5305
    d 2f82a 5306
    d 2f82b 5317
    d 2f82c 5349
    d 2f82d 5351
    d 2f82e 535a
    d 2f82f 5373
    d 2f830 537d
    d 2f831 537f
    d 2f832 537f
    d 2f833 537f
    d 2f834 20a2c
    d 2f835 7070
    d 2f836 53ca
    d 2f837 53df
    d 2f838 20b63
    d 2f839 53eb
    d 2f83a 53f1
    d 2f83b 5406
    d 2f83c 549e
    d 2f83d 5438
    d 2f83e 5448
    d 2f83f 5468
    d 2f840 54a2
    d 2f841 54f6
    d 2f842 5510
    d 2f843 5553
    d 2f844 5563
    d 2f845 5584
    d 2f846 5584
    d 2f847 5599
    d 2f848 55ab
    d 2f849 55b3
    d 2f84a 55c2
    d 2f84b 5716
    d 2f84c 5606
    d 2f84d 5717
    d 2f84e 5651
    d 2f84f 5674
    d 2f850 5207
    d 2f851 58ee
    d 2f852 57ce
    d 2f853 57f4
    d 2f854 580d
    d 2f855 578b
    d 2f856 5832
    d 2f857 5831
    d 2f858 58ac
    d 2f859 214e4
    d 2f85a 58f2
    d 2f85b 58f7
    d 2f85c 5906
    d 2f85d 591a
    d 2f85e 5922
    d 2f85f 5962
    d 2f860 216a8
    d 2f861 216ea
    d 2f862 59ec
    d 2f863 5a1b
    d 2f864 5a27
    d 2f865 59d8
    d 2f866 5a66
    d 2f867 36ee
    d 2f868 36fc
    d 2f869 5b08
    d 2f86a 5b3e
    d 2f86b 5b3e
    d 2f86c 219c8
    d 2f86d 5bc3
    d 2f86e 5bd8
    d 2f86f 5be7
    d 2f870 5bf3
    d 2f871 21b18
    d 2f872 5bff
    d 2f873 5c06
    d 2f874 5f53
    d 2f875 5c22
    d 2f876 3781
    d 2f877 5c60
    d 2f878 5c6e
    d 2f879 5cc0
    d 2f87a 5c8d
    d 2f87b 21de4
    d 2f87c 5d43
    d 2f87d 21de6
    d 2f87e 5d6e
    d 2f87f 5d6b
    d 2f880 5d7c
    d 2f881 5de1
    d 2f882 5de2
    d 2f883 382f
    d 2f884 5dfd
    d 2f885 5e28
    d 2f886 5e3d
    d 2f887 5e69
    d 2f888 3862
    d 2f889 22183
    d 2f88a 387c
    d 2f88b 5eb0
    d 2f88c 5eb3
    d 2f88d 5eb6
    d 2f88e 5eca
    d 2f88f 2a392
    d 2f890 5efe
    d 2f891 22331
    d 2f892 22331
    d 2f893 8201
    d 2f894 5f22
    d 2f895 5f22
    d 2f896 38c7
    d 2f897 232b8
    d 2f898 261da
    d 2f899 5f62
    d 2f89a 5f6b
    d 2f89b 38e3
    d 2f89c 5f9a
    d 2f89d 5fcd
    d 2f89e 5fd7
    d 2f89f 5ff9
    d 2f8a0 6081
    d 2f8a1 393a
    d 2f8a2 391c
    d 2f8a3 6094
    d 2f8a4 226d4
    d 2f8a5 60c7
    d 2f8a6 6148
    d 2f8a7 614c
    d 2f8a8 614e
    d 2f8a9 614c
    d 2f8aa 617a
    d 2f8ab 618e
    d 2f8ac 61b2
    d 2f8ad 61a4
    d 2f8ae 61af
    d 2f8af 61de
    d 2f8b0 61f2
    d 2f8b1 61f6
    d 2f8b2 6210
    d 2f8b3 621b
    d 2f8b4 625d
    d 2f8b5 62b1
    d 2f8b6 62d4
    d 2f8b7 6350
    d 2f8b8 22b0c
    d 2f8b9 633d
    d 2f8ba 62fc
    d 2f8bb 6368
    d 2f8bc 6383
    d 2f8bd 63e4
    d 2f8be 22bf1
    d 2f8bf 6422
    d 2f8c0 63c5
    d 2f8c1 63a9
    d 2f8c2 3a2e
    d 2f8c3 6469
    d 2f8c4 647e
    d 2f8c5 649d
    d 2f8c6 6477
    d 2f8c7 3a6c
    d 2f8c8 654f
    d 2f8c9 656c
    d 2f8ca 2300a
    d 2f8cb 65e3
    d 2f8cc 66f8
    d 2f8cd 6649
    d 2f8ce 3b19
    d 2f8cf 6691
    d 2f8d0 3b08
    d 2f8d1 3ae4
    d 2f8d2 5192
    d 2f8d3 5195
    d 2f8d4 6700
    d 2f8d5 669c
    d 2f8d6 80ad
    d 2f8d7 43d9
    d 2f8d8 6717
    d 2f8d9 671b
    d 2f8da 6721
    d 2f8db 675e
    d 2f8dc 6753
    d 2f8dd 233c3
    d 2f8de 3b49
    d 2f8df 67fa
    d 2f8e0 6785
    d 2f8e1 6852
    d 2f8e2 6885
    d 2f8e3 2346d
    d 2f8e4 688e
    d 2f8e5 681f
    d 2f8e6 6914
    d 2f8e7 3b9d
    d 2f8e8 6942
    d 2f8e9 69a3
    d 2f8ea 69ea
    d 2f8eb 6aa8
    d 2f8ec 236a3
    d 2f8ed 6adb
    d 2f8ee 3c18
    d 2f8ef 6b21
    d 2f8f0 238a7
    d 2f8f1 6b54
    d 2f8f2 3c4e
    d 2f8f3 6b72
    d 2f8f4 6b9f
    d 2f8f5 6bba
    d 2f8f6 6bbb
    d 2f8f7 23a8d
    d 2f8f8 21d0b
    d 2f8f9 23afa
    d 2f8fa 6c4e
    d 2f8fb 23cbc
    d 2f8fc 6cbf
    d 2f8fd 6ccd
    d 2f8fe 6c67
    d 2f8ff 6d16
    d 2f900 6d3e
    d 2f901 6d77
    d 2f902 6d41
    d 2f903 6d69
    d 2f904 6d78
    d 2f905 6d85
    d 2f906 23d1e
    d 2f907 6d34
    d 2f908 6e2f
    d 2f909 6e6e
    d 2f90a 3d33
    d 2f90b 6ecb
    d 2f90c 6ec7
    d 2f90d 23ed1
    d 2f90e 6df9
    d 2f90f 6f6e
    d 2f910 23f5e
    d 2f911 23f8e
    d 2f912 6fc6
    d 2f913 7039
    d 2f914 701e
    d 2f915 701b
    d 2f916 3d96
    d 2f917 704a
    d 2f918 707d
    d 2f919 7077
    d 2f91a 70ad
    d 2f91b 20525
    d 2f91c 7145
    d 2f91d 24263
    d 2f91e 719c
    d 2f91f 243ab
    d 2f920 7228
    d 2f921 7235
    d 2f922 7250
    d 2f923 24608
    d 2f924 7280
    d 2f925 7295
    d 2f926 24735
    d 2f927 24814
    d 2f928 737a
    d 2f929 738b
    d 2f92a 3eac
    d 2f92b 73a5
    d 2f92c 3eb8
    d 2f92d 3eb8
    d 2f92e 7447
    d 2f92f 745c
    d 2f930 7471
    d 2f931 7485
    d 2f932 74ca
    d 2f933 3f1b
    d 2f934 7524
    d 2f935 24c36
    d 2f936 753e
    d 2f937 24c92
    d 2f938 7570
    d 2f939 2219f
    d 2f93a 7610
    d 2f93b 24fa1
    d 2f93c 24fb8
    d 2f93d 25044
    d 2f93e 3ffc
    d 2f93f 4008
    d 2f940 76f4
    d 2f941 250f3
    d 2f942 250f2
    d 2f943 25119
    d 2f944 25133
    d 2f945 771e
    d 2f946 771f
    d 2f947 771f
    d 2f948 774a
    d 2f949 4039
    d 2f94a 778b
    d 2f94b 4046
    d 2f94c 4096
    d 2f94d 2541d
    d 2f94e 784e
    d 2f94f 788c
    d 2f950 78cc
    d 2f951 40e3
    d 2f952 25626
    d 2f953 7956
    d 2f954 2569a
    d 2f955 256c5
    d 2f956 798f
    d 2f957 79eb
    d 2f958 412f
    d 2f959 7a40
    d 2f95a 7a4a
    d 2f95b 7a4f
    d 2f95c 2597c
    d 2f95d 25aa7
    d 2f95e 25aa7
    d 2f95f 7aee
    d 2f960 4202
    d 2f961 25bab
    d 2f962 7bc6
    d 2f963 7bc9
    d 2f964 4227
    d 2f965 25c80
    d 2f966 7cd2
    d 2f967 42a0
    d 2f968 7ce8
    d 2f969 7ce3
    d 2f96a 7d00
    d 2f96b 25f86
    d 2f96c 7d63
    d 2f96d 4301
    d 2f96e 7dc7
    d 2f96f 7e02
    d 2f970 7e45
    d 2f971 4334
    d 2f972 26228
    d 2f973 26247
    d 2f974 4359
    d 2f975 262d9
    d 2f976 7f7a
    d 2f977 2633e
    d 2f978 7f95
    d 2f979 7ffa
    d 2f97a 8005
    d 2f97b 264da
    d 2f97c 26523
    d 2f97d 8060
    d 2f97e 265a8
    d 2f97f 8070
    d 2f980 2335f
    d 2f981 43d5
    d 2f982 80b2
    d 2f983 8103
    d 2f984 440b
    d 2f985 813e
    d 2f986 5ab5
    d 2f987 267a7
    d 2f988 267b5
    d 2f989 23393
    d 2f98a 2339c
    d 2f98b 8201
    d 2f98c 8204
    d 2f98d 8f9e
    d 2f98e 446b
    d 2f98f 8291
    d 2f990 828b
    d 2f991 829d
    d 2f992 52b3
    d 2f993 82b1
    d 2f994 82b3
    d 2f995 82bd
    d 2f996 82e6
    d 2f997 26b3c
    d 2f998 82e5
    d 2f999 831d
    d 2f99a 8363
    d 2f99b 83ad
    d 2f99c 8323
    d 2f99d 83bd
    d 2f99e 83e7
    d 2f99f 8457
    d 2f9a0 8353
    d 2f9a1 83ca
    d 2f9a2 83cc
    d 2f9a3 83dc
    d 2f9a4 26c36
    d 2f9a5 26d6b
    d 2f9a6 26cd5
    d 2f9a7 452b
    d 2f9a8 84f1
    d 2f9a9 84f3
    d 2f9aa 8516
    d 2f9ab 273ca
    d 2f9ac 8564
    d 2f9ad 26f2c
    d 2f9ae 455d
    d 2f9af 4561
    d 2f9b0 26fb1
    d 2f9b1 270d2
    d 2f9b2 456b
    d 2f9b3 8650
    d 2f9b4 865c
    d 2f9b5 8667
    d 2f9b6 8669
    d 2f9b7 86a9
    d 2f9b8 8688
    d 2f9b9 870e
    d 2f9ba 86e2
    d 2f9bb 8779
    d 2f9bc 8728
    d 2f9bd 876b
    d 2f9be 8786
    d 2f9bf 45d7
    d 2f9c0 87e1
    d 2f9c1 8801
    d 2f9c2 45f9
    d 2f9c3 8860
    d 2f9c4 8863
    d 2f9c5 27667
    d 2f9c6 88d7
    d 2f9c7 88de
    d 2f9c8 4635
    d 2f9c9 88fa
    d 2f9ca 34bb
    d 2f9cb 278ae
    d 2f9cc 27966
    d 2f9cd 46be
    d 2f9ce 46c7
    d 2f9cf 8aa0
    d 2f9d0 8aed
    d 2f9d1 8b8a
    d 2f9d2 8c55
    d 2f9d3 27ca8
    d 2f9d4 8cab
    d 2f9d5 8cc1
    d 2f9d6 8d1b
    d 2f9d7 8d77
    d 2f9d8 27f2f
    d 2f9d9 20804
    d 2f9da 8dcb
    d 2f9db 8dbc
    d 2f9dc 8df0
    d 2f9dd 208de
    d 2f9de 8ed4
    d 2f9df 8f38
    d 2f9e0 285d2
    d 2f9e1 285ed
    d 2f9e2 9094
    d 2f9e3 90f1
    d 2f9e4 9111
    d 2f9e5 2872e
    d 2f9e6 911b
    d 2f9e7 9238
    d 2f9e8 92d7
    d 2f9e9 92d8
    d 2f9ea 927c
    d 2f9eb 93f9
    d 2f9ec 9415
    d 2f9ed 28bfa
    d 2f9ee 958b
    d 2f9ef 4995
    d 2f9f0 95b7
    d 2f9f1 28d77
    d 2f9f2 49e6
    d 2f9f3 96c3
    d 2f9f4 5db2
    d 2f9f5 9723
    d 2f9f6 29145
    d 2f9f7 2921a
    d 2f9f8 4a6e
    d 2f9f9 4a76
    d 2f9fa 97e0
    d 2f9fb 2940a
    d 2f9fc 4ab2
    d 2f9fd 29496
    d 2f9fe 980b
    d 2f9ff 980b
    d 2fa00 9829
    d 2fa01 295b6
    d 2fa02 98e2
    d 2fa03 4b33
    d 2fa04 9929
    d 2fa05 99a7
    d 2fa06 99c2
    d 2fa07 99fe
    d 2fa08 4bce
    d 2fa09 29b30
    d 2fa0a 9b12
    d 2fa0b 9c40
    d 2fa0c 9cfd
    d 2fa0d 4cce
    d 2fa0e 4ced
    d 2fa0f 9d67
    d 2fa10 2a0ce
    d 2fa11 4cf8
    d 2fa12 2a105
    d 2fa13 2a20e
    d 2fa14 2a291
    d 2fa15 9ebb
    d 2fa16 4d56
    d 2fa17 9ef9
    d 2fa18 9efe
    d 2fa19 9f05
    d 2fa1a 9f0f
    d 2fa1b 9f16
    d 2fa1c 9f3b
    d 2fa1d 2a600
    p 41 300 c0
    p 41 301 c1
    p 41 302 c2
    p 41 303 c3
    p 41 308 c4
    p 41 30a c5
    p 43 327 c7
    p 45 300 c8
    p 45 301 c9
    p 45 302 ca
    p 45 308 cb
    p 49 300 cc
    p 49 301 cd
    p 49 302 ce
    p 49 308 cf
    p 4e 303 d1
    p 4f 300 d2
    p 4f 301 d3
    p 4f 302 d4
    p 4f 303 d5
    p 4f 308 d6
    p 55 300 d9
    p 55 301 da
    p 55 302 db
    p 55 308 dc
    p 59 301 dd
    p 61 300 e0
    p 61 301 e1
    p 61 302 e2
    p 61 303 e3
    p 61 308 e4
    p 61 30a e5
    p 63 327 e7
    p 65 300 e8
    p 65 301 e9
    p 65 302 ea
    p 65 308 eb
    p 69 300 ec
    p 69 301 ed
    p 69 302 ee
    p 69 308 ef
    p 6e 303 f1
    p 6f 300 f2
    p 6f 301 f3
    p 6f 302 f4
    p 6f 303 f5
    p 6f 308 f6
    p 75 300 f9
    p 75 301 fa
    p 75 302 fb
    p 75 308 fc
    p 79 301 fd
    p 79 308 ff
    p 41 304 100
    p 61 304 101
    p 41 306 102
    p 61 306 103
    p 41 328 104
    p 61 328 105
    p 43 301 106
    p 63 301 107
    p 43 302 108
    p 63 302 109
    p 43 307 10a
    p 63 307 10b
    p 43 30c 10c
    p 63 30c 10d
    p 44 30c 10e
    p 64 30c 10f
    p 45 304 112
    p 65 304 113
    p 45 306 114
    p 65 306 115
    p 45 307 116
    p 65 307 117
    p 45 328 118
    p 65 328 119
    p 45 30c 11a
    p 65 30c 11b
    p 47 302 11c
    p 67 302 11d
    p 47 306 11e
    p 67 306 11f
    p 47 307 120
    p 67 307 121
    p 47 327 122
    p 67 327 123
    p 48 302 124
    p 68 302 125
    p 49 303 128
    p 69 303 129
    p 49 304 12a
    p 69 304 12b
    p 49 306 12c
    p 69 306 12d
    p 49 328 12e
    p 69 328 12f
    p 49 307 130
    p 4a 302 134
    p 6a 302 135
    p 4b 327 136
    p 6b 327 137
    p 4c 301 139
    p 6c 301 13a
    p 4c 327 13b
    p 6c 327 13c
    p 4c 30c 13d
    p 6c 30c 13e
    p 4e 301 143
    p 6e 301 144
    p 4e 327 145
    p 6e 327 146
    p 4e 30c 147
    p 6e 30c 148
    p 4f 304 14c
    p 6f 304 14d
    p 4f 306 14e
    p 6f 306 14f
    p 4f 30b 150
    p 6f 30b 151
    p 52 301 154
    p 72 301 155
    p 52 327 156
    p 72 327 157
    p 52 30c 158
    p 72 30c 159
    p 53 301 15a
    p 73 301 15b
    p 53 302 15c
    p 73 302 15d
    p 53 327 15e
    p 73 327 15f
    p 53 30c 160
    p 73 30c 161
    p 54 327 162
    p 74 327 163
    p 54 30c 164
    p 74 30c 165
    p 55 303 168
    p 75 303 169
    p 55 304 16a
    p 75 304 16b
    p 55 306 16c
    p 75 306 16d
    p 55 30a 16e
    p 75 30a 16f
    p 55 30b 170
    p 75 30b 171
    p 55 328 172
    p 75 328 173
    p 57 302 174
    p 77 302 175
    p 59 302 176
    p 79 302 177
    p 59 308 178
    p 5a 301 179
    p 7a 301 17a
    p 5a 307 17b
    p 7a 307 17c
    p 5a 30c 17d
    p 7a 30c 17e
    p 4f 31b 1a0
    p 6f 31b 1a1
    p 55 31b 1af
    p 75 31b 1b0
    p 41 30c 1cd
    p 61 30c 1ce
    p 49 30c 1cf
    p 69 30c 1d0
    p 4f 30c 1d1
    p 6f 30c 1d2
    p 55 30c 1d3
    p 75 30c 1d4
    p dc 304 1d5
    p fc 304 1d6
    p dc 301 1d7
    p fc 301 1d8
    p dc 30c 1d9
    p fc 30c 1da
    p dc 300 1db
    p fc 300 1dc
    p c4 304 1de
    p e4 304 1df
    p 226 304 1e0
    p 227 304 1e1
    p c6 304 1e2
    p e6 304 1e3
    p 47 30c 1e6
    p 67 30c 1e7
    p 4b 30c 1e8
    p 6b 30c 1e9
    p 4f 328 1ea
    p 6f 328 1eb
    p 1ea 304 1ec
    p 1eb 304 1ed
    p 1b7 30c 1ee
    p 292 30c 1ef
    p 6a 30c 1f0
    p 47 301 1f4
    p 67 301 1f5
    p 4e 300 1f8
    p 6e 300 1f9
    p c5 301 1fa
    p e5 301 1fb
    p c6 301 1fc
    p e6 301 1fd
    p d8 301 1fe
    p f8 301 1ff
    p 41 30f 200
    p 61 30f 201
    p 41 311 202
    p 61 311 203
    p 45 30f 204
    p 65 30f 205
    p 45 311 206
    p 65 311 207
    p 49 30f 208
    p 69 30f 209
    p 49 311 20a
    p 69 311 20b
    p 4f 30f 20c
    p 6f 30f 20d
    p 4f 311 20e
    p 6f 311 20f
    p 52 30f 210
    p 72 30f 211
    p 52 311 212
    p 72 311 213
    p 55 30f 214
    p 75 30f 215
    p 55 311 216
    p 75 311 217
    p 53 326 218
    p 73 326 219
    p 54 326 21a
    p 74 326 21b
    p 48 30c 21e
    p 68 30c 21f
    p 41 307 226
    p 61 307 227
    p 45 327 228
    p 65 327 229
    p d6 304 22a
    p f6 304 22b
    p d5 304 22c
    p f5 304 22d
    p 4f 307 22e
    p 6f 307 22f
    p 22e 304 230
    p 22f 304 231
    p 59 304 232
    p 79 304 233
    p a8 301 385
    p 391 301 386
    p 395 301 388
    p 397 301 389
    p 399 301 38a
    p 39f 301 38c
    p 3a5 301 38e
    p 3a9 301 38f
    p 3ca 301 390
    p 399 308 3aa
    p 3a5 308 3ab
    p 3b1 301 3ac
    p 3b5 301 3ad
    p 3b7 301 3ae
    p 3b9 301 3af
    p 3cb 301 3b0
    p 3b9 308 3ca
    p 3c5 308 3cb
    p 3bf 301 3cc
    p 3c5 301 3cd
    p 3c9 301 3ce
    p 3d2 301 3d3
    p 3d2 308 3d4
    p 415 300 400
    p 415 308 401
    p 413 301 403
    p 406 308 407
    p 41a 301 40c
    p 418 300 40d
    p 423 306 40e
    p 418 306 419
    p 438 306 439
    p 435 300 450
    p 435 308 451
    p 433 301 453
    p 456 308 457
    p 43a 301 45c
    p 438 300 45d
    p 443 306 45e
    p 474 30f 476
    p 475 30f 477
    p 416 306 4c1
    p 436 306 4c2
    p 410 306 4d0
    p 430 306 4d1
    p 410 308 4d2
    p 430 308 4d3
    p 415 306 4d6
    p 435 306 4d7
    p 4d8 308 4da
    p 4d9 308 4db
    p 416 308 4dc
    p 436 308 4dd
    p 417 308 4de
    p 437 308 4df
    p 418 304 4e2
    p 438 304 4e3
    p 418 308 4e4
    p 438 308 4e5
    p 41e 308 4e6
    p 43e 308 4e7
    p 4e8 308 4ea
    p 4e9 308 4eb
    p 42d 308 4ec
    p 44d 308 4ed
    p 423 304 4ee
    p 443 304 4ef
    p 423 308 4f0
    p 443 308 4f1
    p 423 30b 4f2
    p 443 30b 4f3
    p 427 308 4f4
    p 447 308 4f5
    p 42b 308 4f8
    p 44b 308 4f9
    p 627 653 622
    p 627 654 623
    p 648 654 624
    p 627 655 625
    p 64a 654 626
    p 6d5 654 6c0
    p 6c1 654 6c2
    p 6d2 654 6d3
    p 928 93c 929
    p 930 93c 931
    p 933 93c 934
    p 9c7 9be 9cb
    p 9c7 9d7 9cc
    p b47 b56 b48
    p b47 b3e b4b
    p b47 b57 b4c
    p b92 bd7 b94
    p bc6 bbe bca
    p bc7 bbe bcb
    p bc6 bd7 bcc
    p c46 c56 c48
    p cbf cd5 cc0
    p cc6 cd5 cc7
    p cc6 cd6 cc8
    p cc6 cc2 cca
    p cca cd5 ccb
    p d46 d3e d4a
    p d47 d3e d4b
    p d46 d57 d4c
    p dd9 dca dda
    p dd9 dcf ddc
    p ddc dca ddd
    p dd9 ddf dde
    p 1025 102e 1026
    p 1b05 1b35 1b06
    p 1b07 1b35 1b08
    p 1b09 1b35 1b0a
    p 1b0b 1b35 1b0c
    p 1b0d 1b35 1b0e
    p 1b11 1b35 1b12
    p 1b3a 1b35 1b3b
    p 1b3c 1b35 1b3d
    p 1b3e 1b35 1b40
    p 1b3f 1b35 1b41
    p 1b42 1b35 1b43
    p 41 325 1e00
    p 61 325 1e01
    p 42 307 1e02
    p 62 307 1e03
    p 42 323 1e04
    p 62 323 1e05
    p 42 331 1e06
    p 62 331 1e07
    p c7 301 1e08
    p e7 301 1e09
    p 44 307 1e0a
    p 64 307 1e0b
    p 44 323 1e0c
    p 64 323 1e0d
    p 44 331 1e0e
    p 64 331 1e0f
    p 44 327 1e10
    p 64 327 1e11
    p 44 32d 1e12
    p 64 32d 1e13
    p 112 300 1e14
    p 113 300 1e15
    p 112 301 1e16
    p 113 301 1e17
    p 45 32d 1e18
    p 65 32d 1e19
    p 45 330 1e1a
    p 65 330 1e1b
    p 228 306 1e1c
    p 229 306 1e1d
    p 46 307 1e1e
    p 66 307 1e1f
    p 47 304 1e20
    p 67 304 1e21
    p 48 307 1e22
    p 68 307 1e23
    p 48 323 1e24
    p 68 323 1e25
    p 48 308 1e26
    p 68 308 1e27
    p 48 327 1e28
    p 68 327 1e29
    p 48 32e 1e2a
    p 68 32e 1e2b
    p 49 330 1e2c
    p 69 330 1e2d
    p cf 301 1e2e
    p ef 301 1e2f
    p 4b 301 1e30
    p 6b 301 1e31
    p 4b 323 1e32
    p 6b 323 1e33
    p 4b 331 1e34
    p 6b 331 1e35
    p 4c 323 1e36
    p 6c 323 1e37
    p 1e36 304 1e38
    p 1e37 304 1e39
    p 4c 331 1e3a
    p 6c 331 1e3b
    p 4c 32d 1e3c
    p 6c 32d 1e3d
    p 4d 301 1e3e
    p 6d 301 1e3f
    p 4d 307 1e40
    p 6d 307 1e41
    p 4d 323 1e42
    p 6d 323 1e43
    p 4e 307 1e44
    p 6e 307 1e45
    p 4e 323 1e46
    p 6e 323 1e47
    p 4e 331 1e48
    p 6e 331 1e49
    p 4e 32d 1e4a
    p 6e 32d 1e4b
    p d5 301 1e4c
    p f5 301 1e4d
    p d5 308 1e4e
    p f5 308 1e4f
    p 14c 300 1e50
    p 14d 300 1e51
    p 14c 301 1e52
    p 14d 301 1e53
    p 50 301 1e54
    p 70 301 1e55
    p 50 307 1e56
    p 70 307 1e57
    p 52 307 1e58
    p 72 307 1e59
    p 52 323 1e5a
    p 72 323 1e5b
    p 1e5a 304 1e5c
    p 1e5b 304 1e5d
    p 52 331 1e5e
    p 72 331 1e5f
    p 53 307 1e60
    p 73 307 1e61
    p 53 323 1e62
    p 73 323 1e63
    p 15a 307 1e64
    p 15b 307 1e65
    p 160 307 1e66
    p 161 307 1e67
    p 1e62 307 1e68
    p 1e63 307 1e69
    p 54 307 1e6a
    p 74 307 1e6b
    p 54 323 1e6c
    p 74 323 1e6d
    p 54 331 1e6e
    p 74 331 1e6f
    p 54 32d 1e70
    p 74 32d 1e71
    p 55 324 1e72
    p 75 324 1e73
    p 55 330 1e74
    p 75 330 1e75
    p 55 32d 1e76
    p 75 32d 1e77
    p 168 301 1e78
    p 169 301 1e79
    p 16a 308 1e7a
    p 16b 308 1e7b
    p 56 303 1e7c
    p 76 303 1e7d
    p 56 323 1e7e
    p 76 323 1e7f
    p 57 300 1e80
    p 77 300 1e81
    p 57 301 1e82
    p 77 301 1e83
    p 57 308 1e84
    p 77 308 1e85
    p 57 307 1e86
    p 77 307 1e87
    p 57 323 1e88
    p 77 323 1e89
    p 58 307 1e8a
    p 78 307 1e8b
    p 58 308 1e8c
    p 78 308 1e8d
    p 59 307 1e8e
    p 79 307 1e8f
    p 5a 302 1e90
    p 7a 302 1e91
    p 5a 323 1e92
    p 7a 323 1e93
    p 5a 331 1e94
    p 7a 331 1e95
    p 68 331 1e96
    p 74 308 1e97
    p 77 30a 1e98
    p 79 30a 1e99
    p 17f 307 1e9b
    p 41 323 1ea0
    p 61 323 1ea1
    p 41 309 1ea2
    p 61 309 1ea3
    p c2 301 1ea4
    p e2 301 1ea5
    p c2 300 1ea6
    p e2 300 1ea7
    p c2 309 1ea8
    p e2 309 1ea9
    p c2 303 1eaa
    p e2 303 1eab
    p 1ea0 302 1eac
    p 1ea1 302 1ead
    p 102 301 1eae
    p 103 301 1eaf
    p 102 300 1eb0
    p 103 300 1eb1
    p 102 309 1eb2
    p 103 309 1eb3
    p 102 303 1eb4
    p 103 303 1eb5
    p 1ea0 306 1eb6
    p 1ea1 306 1eb7
    p 45 323 1eb8
    p 65 323 1eb9
    p 45 309 1eba
    p 65 309 1ebb
    p 45 303 1ebc
    p 65 303 1ebd
    p ca 301 1ebe
    p ea 301 1ebf
    p ca 300 1ec0
    p ea 300 1ec1
    p ca 309 1ec2
    p ea 309 1ec3
    p ca 303 1ec4
    p ea 303 1ec5
    p 1eb8 302 1ec6
    p 1eb9 302 1ec7
    p 49 309 1ec8
    p 69 309 1ec9
    p 49 323 1eca
    p 69 323 1ecb
    p 4f 323 1ecc
    p 6f 323 1ecd
    p 4f 309 1ece
    p 6f 309 1ecf
    p d4 301 1ed0
    p f4 301 1ed1
    p d4 300 1ed2
    p f4 300 1ed3
    p d4 309 1ed4
    p f4 309 1ed5
    p d4 303 1ed6
    p f4 303 1ed7
    p 1ecc 302 1ed8
    p 1ecd 302 1ed9
    p 1a0 301 1eda
    p 1a1 301 1edb
    p 1a0 300 1edc
    p 1a1 300 1edd
    p 1a0 309 1ede
    p 1a1 309 1edf
    p 1a0 303 1ee0
    p 1a1 303 1ee1
    p 1a0 323 1ee2
    p 1a1 323 1ee3
    p 55 323 1ee4
    p 75 323 1ee5
    p 55 309 1ee6
    p 75 309 1ee7
    p 1af 301 1ee8
    p 1b0 301 1ee9
    p 1af 300 1eea
    p 1b0 300 1eeb
    p 1af 309 1eec
    p 1b0 309 1eed
    p 1af 303 1eee
    p 1b0 303 1eef
    p 1af 323 1ef0
    p 1b0 323 1ef1
    p 59 300 1ef2
    p 79 300 1ef3
    p 59 323 1ef4
    p 79 323 1ef5
    p 59 309 1ef6
    p 79 309 1ef7
    p 59 303 1ef8
    p 79 303 1ef9
    p 3b1 313 1f00
    p 3b1 314 1f01
    p 1f00 300 1f02
    p 1f01 300 1f03
    p 1f00 301 1f04
    p 1f01 301 1f05
    p 1f00 342 1f06
    p 1f01 342 1f07
    p 391 313 1f08
    p 391 314 1f09
    p 1f08 300 1f0a
    p 1f09 300 1f0b
    p 1f08 301 1f0c
    p 1f09 301 1f0d
    p 1f08 342 1f0e
    p 1f09 342 1f0f
    p 3b5 313 1f10
    p 3b5 314 1f11
    p 1f10 300 1f12
    p 1f11 300 1f13
    p 1f10 301 1f14
    p 1f11 301 1f15
    p 395 313 1f18
    p 395 314 1f19
    p 1f18 300 1f1a
    p 1f19 300 1f1b
    p 1f18 301 1f1c
    p 1f19 301 1f1d
    p 3b7 313 1f20
    p 3b7 314 1f21
    p 1f20 300 1f22
    p 1f21 300 1f23
    p 1f20 301 1f24
    p 1f21 301 1f25
    p 1f20 342 1f26
    p 1f21 342 1f27
    p 397 313 1f28
    p 397 314 1f29
    p 1f28 300 1f2a
    p 1f29 300 1f2b
    p 1f28 301 1f2c
    p 1f29 301 1f2d
    p 1f28 342 1f2e
    p 1f29 342 1f2f
    p 3b9 313 1f30
    p 3b9 314 1f31
    p 1f30 300 1f32
    p 1f31 300 1f33
    p 1f30 301 1f34
    p 1f31 301 1f35
    p 1f30 342 1f36
    p 1f31 342 1f37
    p 399 313 1f38
    p 399 314 1f39
    p 1f38 300 1f3a
    p 1f39 300 1f3b
    p 1f38 301 1f3c
    p 1f39 301 1f3d
    p 1f38 342 1f3e
    p 1f39 342 1f3f
    p 3bf 313 1f40
    p 3bf 314 1f41
    p 1f40 300 1f42
    p 1f41 300 1f43
    p 1f40 301 1f44
    p 1f41 301 1f45
    p 39f 313 1f48
    p 39f 314 1f49
    p 1f48 300 1f4a
    p 1f49 300 1f4b
    p 1f48 301 1f4c
    p 1f49 301 1f4d
    p 3c5 313 1f50
    p 3c5 314 1f51
    p 1f50 300 1f52
    p 1f51 300 1f53
    p 1f50 301 1f54
    p 1f51 301 1f55
    p 1f50 342 1f56
    p 1f51 342 1f57
    p 3a5 314 1f59
    p 1f59 300 1f5b
    p 1f59 301 1f5d
    p 1f59 342 1f5f
    p 3c9 313 1f60
    p 3c9 314 1f61
    p 1f60 300 1f62
    p 1f61 300 1f63
    p 1f60 301 1f64
    p 1f61 301 1f65
    p 1f60 342 1f66
    p 1f61 342 1f67
    p 3a9 313 1f68
    p 3a9 314 1f69
    p 1f68 300 1f6a
    p 1f69 300 1f6b
    p 1f68 301 1f6c
    p 1f69 301 1f6d
    p 1f68 342 1f6e
    p 1f69 342 1f6f
    p 3b1 300 1f70
    p 3b5 300 1f72
    p 3b7 300 1f74
    p 3b9 300 1f76
    p 3bf 300 1f78
    p 3c5 300 1f7a
    p 3c9 300 1f7c
    p 1f00 345 1f80
    p 1f01 345 1f81
    p 1f02 345 1f82
    p 1f03 345 1f83
    p 1f04 345 1f84
    p 1f05 345 1f85
    p 1f06 345 1f86
    p 1f07 345 1f87
    p 1f08 345 1f88
    p 1f09 345 1f89
    p 1f0a 345 1f8a
    p 1f0b 345 1f8b
    p 1f0c 345 1f8c
    p 1f0d 345 1f8d
    p 1f0e 345 1f8e
    p 1f0f 345 1f8f
    p 1f20 345 1f90
    p 1f21 345 1f91
    p 1f22 345 1f92
    p 1f23 345 1f93
    p 1f24 345 1f94
    p 1f25 345 1f95
    p 1f26 345 1f96
    p 1f27 345 1f97
    p 1f28 345 1f98
    p 1f29 345 1f99
    p 1f2a 345 1f9a
    p 1f2b 345 1f9b
    p 1f2c 345 1f9c
    p 1f2d 345 1f9d
    p 1f2e 345 1f9e
    p 1f2f 345 1f9f
    p 1f60 345 1fa0
    p 1f61 345 1fa1
    p 1f62 345 1fa2
    p 1f63 345 1fa3
    p 1f64 345 1fa4
    p 1f65 345 1fa5
    p 1f66 345 1fa6
    p 1f67 345 1fa7
    p 1f68 345 1fa8
    p 1f69 345 1fa9
    p 1f6a 345 1faa
    p 1f6b 345 1fab
    p 1f6c 345 1fac
    p 1f6d 345 1fad
    p 1f6e 345 1fae
    p 1f6f 345 1faf
    p 3b1 306 1fb0
    p 3b1 304 1fb1
    p 1f70 345 1fb2
    p 3b1 345 1fb3
    p 3ac 345 1fb4
    p 3b1 342 1fb6
    p 1fb6 345 1fb7
    p 391 306 1fb8
    p 391 304 1fb9
    p 391 300 1fba
    p 391 345 1fbc
    p a8 342 1fc1
    p 1f74 345 1fc2
    p 3b7 345 1fc3
    p 3ae 345 1fc4
    p 3b7 342 1fc6
    p 1fc6 345 1fc7
    p 395 300 1fc8
    p 397 300 1fca
    p 397 345 1fcc
    p 1fbf 300 1fcd
    p 1fbf 301 1fce
    p 1fbf 342 1fcf
    p 3b9 306 1fd0
    p 3b9 304 1fd1
    p 3ca 300 1fd2
    p 3b9 342 1fd6
    p 3ca 342 1fd7
    p 399 306 1fd8
    p 399 304 1fd9
    p 399 300 1fda
    p 1ffe 300 1fdd
    p 1ffe 301 1fde
    p 1ffe 342 1fdf
    p 3c5 306 1fe0
    p 3c5 304 1fe1
    p 3cb 300 1fe2
    p 3c1 313 1fe4
    p 3c1 314 1fe5
    p 3c5 342 1fe6
    p 3cb 342 1fe7
    p 3a5 306 1fe8
    p 3a5 304 1fe9
    p 3a5 300 1fea
    p 3a1 314 1fec
    p a8 300 1fed
    p 1f7c 345 1ff2
    p 3c9 345 1ff3
    p 3ce 345 1ff4
    p 3c9 342 1ff6
    p 1ff6 345 1ff7
    p 39f 300 1ff8
    p 3a9 300 1ffa
    p 3a9 345 1ffc
    p 2190 338 219a
    p 2192 338 219b
    p 2194 338 21ae
    p 21d0 338 21cd
    p 21d4 338 21ce
    p 21d2 338 21cf
    p 2203 338 2204
    p 2208 338 2209
    p 220b 338 220c
    p 2223 338 2224
    p 2225 338 2226
    p 223c 338 2241
    p 2243 338 2244
    p 2245 338 2247
    p 2248 338 2249
    p 3d 338 2260
    p 2261 338 2262
    p 224d 338 226d
    p 3c 338 226e
    p 3e 338 226f
    p 2264 338 2270
    p 2265 338 2271
    p 2272 338 2274
    p 2273 338 2275
    p 2276 338 2278
    p 2277 338 2279
    p 227a 338 2280
    p 227b 338 2281
    p 2282 338 2284
    p 2283 338 2285
    p 2286 338 2288
    p 2287 338 2289
    p 22a2 338 22ac
    p 22a8 338 22ad
    p 22a9 338 22ae
    p 22ab 338 22af
    p 227c 338 22e0
    p 227d 338 22e1
    p 2291 338 22e2
    p 2292 338 22e3
    p 22b2 338 22ea
    p 22b3 338 22eb
    p 22b4 338 22ec
    p 22b5 338 22ed
    p 304b 3099 304c
    p 304d 3099 304e
    p 304f 3099 3050
    p 3051 3099 3052
    p 3053 3099 3054
    p 3055 3099 3056
    p 3057 3099 3058
    p 3059 3099 305a
    p 305b 3099 305c
    p 305d 3099 305e
    p 305f 3099 3060
    p 3061 3099 3062
    p 3064 3099 3065
    p 3066 3099 3067
    p 3068 3099 3069
    p 306f 3099 3070
    p 306f 309a 3071
    p 3072 3099 3073
    p 3072 309a 3074
    p 3075 3099 3076
    p 3075 309a 3077
    p 3078 3099 3079
    p 3078 309a 307a
    p 307b 3099 307c
    p 307b 309a 307d
    p 3046 3099 3094
    p 309d 3099 309e
    p 30ab 3099 30ac
    p 30ad 3099 30ae
    p 30af 3099 30b0
    p 30b1 3099 30b2
    p 30b3 3099 30b4
    p 30b5 3099 30b6
    p 30b7 3099 30b8
    p 30b9 3099 30ba
    p 30bb 3099 30bc
    p 30bd 3099 30be
    p 30bf 3099 30c0
    p 30c1 3099 30c2
    p 30c4 3099 30c5
    p 30c6 3099 30c7
    p 30c8 3099 30c9
    p 30cf 3099 30d0
    p 30cf 309a 30d1
    p 30d2 3099 30d3
    p 30d2 309a 30d4
    p 30d5 3099 30d6
    p 30d5 309a 30d7
    p 30d8 3099 30d9
    p 30d8 309a 30da
    p 30db 3099 30dc
    p 30db 309a 30dd
    p 30a6 3099 30f4
    p 30ef 3099 30f7
    p 30f0 3099 30f8
    p 30f1 3099 30f9
    p 30f2 3099 30fa
    p 30fd 3099 30fe
    p 11099 110ba 1109a
    p 1109b 110ba 1109c
    p 110a5 110ba 110ab
    p 11131 11127 1112e
    p 11132 11127 1112f
    p 11347 1133e 1134b
    p 11347 11357 1134c
    p 114b9 114ba 114bb
    p 114b9 114b0 114bc
    p 114b9 114bd 114be
    p 115b8 115af 115ba
    p 115b9 115af 115bb
    """
