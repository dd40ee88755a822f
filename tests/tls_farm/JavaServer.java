// JSSE as a server: java JavaServer.java ADDRESS ROWS.tsv (port, PKCS#12 files, protocols, suites, order)
import java.io.FileInputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

public class JavaServer {
    public static void main(String[] words) throws Exception {
        for (String line : Files.readAllLines(Path.of(words[1]))) {
            String[] fields = line.split("\t", -1);
            KeyStore both = KeyStore.getInstance("PKCS12");
            both.load(null, null);
            char[] password = "farm".toCharArray();
            int number = 0;
            for (String file : fields[1].split(",")) {
                KeyStore one = KeyStore.getInstance("PKCS12");
                try (FileInputStream stream = new FileInputStream(file)) {
                    one.load(stream, password);
                }
                String alias = one.aliases().nextElement();
                both.setKeyEntry("entry" + number++, one.getKey(alias, password), password, one.getCertificateChain(alias));
            }
            KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
            keys.init(both, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory()
                .createServerSocket(Integer.parseInt(fields[0]), 64, InetAddress.getByName(words[0]));
            SSLParameters parameters = listener.getSSLParameters();
            if (!fields[2].isEmpty()) {
                parameters.setProtocols(fields[2].split(","));
            }
            if (!fields[3].isEmpty()) {
                parameters.setCipherSuites(fields[3].split(","));
            }
            parameters.setUseCipherSuitesOrder(fields[4].equals("server"));
            listener.setSSLParameters(parameters);
            Thread thread = new Thread(() -> accept(listener));
            thread.start();
        }
    }

    static void accept(SSLServerSocket listener) {
        while (true) {
            try {
                SSLSocket socket = (SSLSocket) listener.accept();
                Thread thread = new Thread(() -> handle(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (Exception problem) {
                return;
            }
        }
    }

    static void handle(SSLSocket socket) {
        try (socket) {
            socket.setSoTimeout(10000);
            socket.startHandshake();
            socket.getInputStream().read(new byte[4096]);
            socket.getOutputStream().write("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes());
        } catch (Exception problem) {
            return;
        }
    }
}
